"""What moving a bit to and from a kind of DRAM takes."""

from __future__ import annotations

from memwall_trends.datasets import load_table

PICO = 1e-12


def find_access_energy(memory: str) -> float | None:
    """Return the least energy per bit that is known of a kind of DRAM, in joules; nothing if none is.

    Parameters
    ----------
    memory : str
        As in ``HBM2e``; the rows of ``memory_generations`` whose name begins so, whatever their speed.

    Examples
    --------
    >>> round(1e12 * find_access_energy("HBM3e"), 2), find_access_energy("core memory")
    (3.9, None)
    """
    table = load_table("memory_generations")
    kinds = table["name"].str.split(r"[ -]", n=1, regex=True).str[0].str.casefold()
    rows = table[(table["measure"] == "access_energy") & (kinds == memory.casefold())]
    return None if rows.empty or not memory else float(rows["value"].min()) * PICO
