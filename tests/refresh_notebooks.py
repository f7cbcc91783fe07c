"""Run the notebooks and store what they print and draw: ``python -m tests.refresh_notebooks``.

With ``--check`` nothing is stored: the same texts must come out as are stored, and pictures where some are.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
LARGEST_BYTES = 300_000
"""Of a notebook: a reader loads it whole."""
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def run(notebook: Any) -> Any:
    """Return a notebook with what its cells give now, without the times at which they ran."""
    fresh = nbformat.from_dict(notebook)
    NotebookClient(
        fresh, timeout=900, resources={"metadata": {"path": str(NOTEBOOKS)}}, record_timing=False
    ).execute()
    fresh.metadata.language_info.pop("version", None)
    return fresh


def find_differences(stored: Any, fresh: Any) -> Iterator[str]:
    """Return what a notebook gives otherwise than is stored: its texts, and whether there are pictures."""
    for place, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True)):
        if old.cell_type == "code":
            before, after = (list(_read_outputs(cell)) for cell in (old, new))
            if before != after:
                yield f"cell {place}: stored {before}, now {after}"


def _read_outputs(cell: Any) -> Iterator[str]:
    """Return what a cell prints, whole, as it comes in other parts each time; then its results."""
    yield "".join(output.text for output in cell.outputs if output.output_type == "stream")
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"{output.ename}: {output.evalue}"
        elif output.output_type != "stream":
            yield from sorted(kind for kind in output.data if kind.startswith("image/"))
            yield ADDRESS.sub("", output.data.get("text/plain", ""))


def main(arguments: Sequence[str] | None = None) -> int:
    """Store the outputs of all notebooks, or check them; return how many are out of date or too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="Store nothing; say what is out of date.")
    parser.add_argument("names", nargs="*", help="Of notebooks, as in 03; all unless some are named.")
    asked = parser.parse_args(arguments)
    faults = 0
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if asked.names and not path.name.startswith(tuple(asked.names)):
            continue
        stored = nbformat.read(path, as_version=4)
        fresh = run(stored)
        if asked.check:
            differences = list(find_differences(stored, fresh))
        else:
            nbformat.write(fresh, path)
            differences = []
        if path.stat().st_size > LARGEST_BYTES:
            differences.append(f"{path.stat().st_size:,} bytes, more than {LARGEST_BYTES:,}")
        faults += bool(differences)
        print(f"{path.name}: {'; '.join(differences) or 'as stored' if asked.check else 'stored'}")
        for difference in differences:
            print(f"  {difference}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
