from memwall_trends.errors import unknown


def test_message_names_the_known_ones_and_a_close_one() -> None:
    message = str(unknown("series", "dram_bandwith", ["peak_flops", "dram_bandwidth"]))
    assert message == (
        "unknown series 'dram_bandwith'; did you mean 'dram_bandwidth'? Known: peak_flops, dram_bandwidth"
    )


def test_message_makes_no_guess_where_nothing_is_close() -> None:
    assert str(unknown("figure", "zzz", ["hw-scaling"])) == "unknown figure 'zzz'. Known: hw-scaling"
