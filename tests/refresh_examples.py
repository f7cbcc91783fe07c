"""Run the commands that README.md and docs/ show and write what they print below them: ``make docs``.

The finding of README.md stands between two comments and is written anew too.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

CHECKOUT = Path(__file__).parent.parent
README = CHECKOUT / "README.md"
ADD_A_CHIP = CHECKOUT / "docs" / "guide" / "add-a-chip.md"
FINDING = re.compile(r"(?<=<!-- finding -->\n).*?(?=<!-- end -->)", re.DOTALL)
WIDTH = 120


def list_pages() -> list[Path]:
    """Return the pages that show commands; docs/cli.md shows those of ``--help``, without output."""
    pages = [*(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "docs" / "guide").glob("*.md")]
    return [README, *sorted(page for page in pages if page.name != "cli.md")]


def read_chip_example() -> str:
    """Return the chip.toml that the guide shows."""
    (chip,) = re.findall(r"```toml\n(.*?)```", ADD_A_CHIP.read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(chip)


def refresh(text: str, folder: str) -> str:
    """Return a page with the output of its console blocks as the commands print it today."""

    def run_block(block: re.Match[str]) -> str:
        parts = re.split(r"^(?=\$ )", block[1], flags=re.MULTILINE)
        return f"```console\n{''.join(run_part(part) for part in parts)}```"

    def run_part(part: str) -> str:
        command, _, output = part.partition("\n")
        # What prints nothing of interest, or takes long, is shown without output.
        if not command.startswith("$ memwall-trends") or not output.strip():
            return part
        printed = subprocess.run(
            command.removeprefix("$ "), shell=True, cwd=folder, check=True, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "COLUMNS": "80", "TERM": "dumb"},
        ).stdout  # fmt: skip
        lines = [line.rstrip() for line in printed.strip().splitlines()]
        return "\n".join([command, *lines, ""])

    return re.sub(r"```console\n(.*?)```", run_block, text, flags=re.DOTALL)


def write_finding() -> str:
    """Return the two sentences of the finding as README.md has them."""
    from memwall_trends.questions.finding import state_finding

    return "\n".join(fill(sentence, WIDTH) for sentence in state_finding()) + "\n"


if __name__ == "__main__":
    for page in list_pages():
        with TemporaryDirectory() as folder:
            (Path(folder) / "chip.toml").write_text(read_chip_example(), encoding="utf-8")
            page.write_text(refresh(page.read_text(encoding="utf-8"), folder), encoding="utf-8")
    README.write_text(
        FINDING.sub(lambda _: write_finding(), README.read_text(encoding="utf-8")), encoding="utf-8"
    )
