"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.datasets import export_rows, load_table
from memwall_trends.datasets.writing import write_file
from memwall_trends.explorer import save_explorer
from memwall_trends.figures import hw_scaling, save_figure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITERS: dict[str, Callable[[Path], Any]] = {
    "figure.json": lambda path: save_figure(hw_scaling(), path),
    "explore.html": save_explorer,
    "rows.csv": lambda path: export_rows(load_table("claims"), "csv", path),
    "rows.json": lambda path: export_rows(load_table("claims"), "json", path),
    "rows.parquet": lambda path: export_rows(load_table("claims"), "parquet", path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_interrupted_leaves_what_was_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / name
    path.write_text("what was there")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        WRITERS[name](path)
    assert path.read_text() == "what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_takes_the_place_of_another_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    path.write_bytes(b"old and longer")
    path.chmod(0o600)
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.svg").write_bytes(b"old")
    link = tmp_path / "figure.svg"
    link.symlink_to("real.svg")
    write_file(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real.svg").read_bytes() == b"new"


def test_what_is_no_regular_file_gets_the_content() -> None:
    from pathlib import Path

    write_file(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()
