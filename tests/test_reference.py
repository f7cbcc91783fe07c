from __future__ import annotations

from pathlib import Path

import pytest
import typer

from memwall_trends.cli.app import app
from tests.refresh_reference import public_names, render_api, render_cli

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def api() -> str:
    return render_api()


def test_the_reference_of_commands_is_what_the_code_says() -> None:
    shown = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert shown == render_cli(), "docs/cli.md is out of date: run make docs"


def test_the_reference_of_names_is_what_the_code_says(api: str) -> None:
    shown = (DOCS / "api.md").read_text(encoding="utf-8")
    assert shown == api, "docs/api.md is out of date: run make docs"


def test_every_command_is_there_with_an_example() -> None:
    text = render_cli()
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        _, _, part = text.partition(f"## `memwall-trends {name}`")
        assert "```console" in part, name
        assert f"$ memwall-trends {name} " in text or name in ("reproduce", "data"), name


@pytest.mark.parametrize("name", public_names())
def test_every_public_name_is_there_with_an_example(api: str, name: str) -> None:
    _, found, after = api.partition(f"\n## {name}\n")
    assert found
    part = after.partition("\n## ")[0]
    assert ">>>" in part or name == "MemwallError", name
