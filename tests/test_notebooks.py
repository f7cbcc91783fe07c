"""The notebooks as they are stored, and what tells that they are out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.refresh_notebooks import LARGEST_BYTES, NOTEBOOKS, find_differences

if TYPE_CHECKING:
    from pathlib import Path


def notebook(*outputs: Any) -> Any:
    return new_notebook(cells=[new_code_cell("1", outputs=list(outputs))])


def printed(text: str) -> Any:
    return new_output("stream", name="stdout", text=text)


def drawn(picture: str) -> Any:
    return new_output("execute_result", data={"image/png": picture, "text/plain": "<Chart at 0x7f0a>"})


def test_a_text_that_changed_is_a_difference_and_a_picture_that_is_drawn_anew_is_none() -> None:
    assert list(find_differences(notebook(printed("2.98x")), notebook(printed("2.98x")))) == []
    (told,) = find_differences(notebook(printed("2.98x")), notebook(printed("2.99x")))
    assert told == "cell 0: stored ['2.98x'], now ['2.99x']"
    assert list(find_differences(notebook(drawn("one")), notebook(drawn("other")))) == []
    assert list(find_differences(notebook(drawn("one")), notebook()))


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_stored_as_run_and_is_no_burden(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert path.stat().st_size <= LARGEST_BYTES
