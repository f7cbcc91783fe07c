"""``python -m tests.benchmarks``: measure, and write docs/benchmarks.md or, --quick, say what moved."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks import columns, grouped, pictures, resampling, startup, texts
from tests.benchmarks.report import find_moved, render, to_ratios
from tests.benchmarks.sizes import FULL, QUICK

TOPICS = {
    "startup": startup,
    "texts": texts,
    "resampling": resampling,
    "grouped": grouped,
    "columns": columns,
    "pictures": pictures,
}
RATIOS = Path(__file__).parent / "ratios.json"
PAGE = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    """Measure the topics that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("topics", nargs="*", choices=[*TOPICS, []], metavar="TOPIC", help=", ".join(TOPICS))
    parser.add_argument("--quick", action="store_true", help="Few rows and runs; compare with ratios.json.")
    parser.add_argument("--keep", action="store_true", help="With --quick: keep the ratios.")
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    measured = {}
    for name in asked.topics or TOPICS:
        print(f"measuring {name}", file=sys.stderr)
        topic = TOPICS[name]
        measured[name] = ((topic.__doc__ or name).partition("\n")[0], list(topic.measure(size)))
    page = render(measured)
    print(page)
    if not asked.quick and not asked.topics:
        PAGE.write_text(page, encoding="utf-8", newline="\n")
    if asked.quick:
        before = json.loads(RATIOS.read_text(encoding="utf-8")) if RATIOS.is_file() else {}
        now = to_ratios(measured)
        print("\n".join(find_moved(before, now)) or "no ratio has moved")
        if asked.keep:
            text = json.dumps({**before, **now}, indent=2, sort_keys=True) + "\n"
            RATIOS.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
