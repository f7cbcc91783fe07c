"""Write docs/cli.md and docs/api.md from the code: ``make docs``."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, is_typeddict

import griffe
import typer
from typer.cli import get_docs_for_click

import memwall_trends
import memwall_trends.cli
from memwall_trends.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parent.parent
GENERATED = "<!-- Generated from the code by `make docs`: change it there. -->\n\n"
HEADINGS = {
    "parameters": "Parameters",
    "attributes": "Attributes",
    "returns": "Returns",
    "raises": "Raises",
}


def render_cli() -> str:
    """Return the reference of the commands, as typer describes them, each with its example."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="memwall-trends")
    text = get_docs_for_click(obj=command, ctx=context, name="memwall-trends")
    text = re.sub(r"^(Example|Start with): (.*)$", r"\1:\n\n```console\n$ \2\n```", text, flags=re.MULTILINE)
    return GENERATED + text.strip() + "\n"


def render_api() -> str:
    """Return the reference of every public name, with its example."""
    package = griffe.load("memwall_trends", search_paths=[CHECKOUT], docstring_parser="numpy")
    names = sorted(public_names(), key=str.lower)
    parts = [
        f"{GENERATED}# `memwall_trends`\n\n`import memwall_trends as mt`; everything here is `mt.NAME`. Each "
        "figure is `mt.figures.NAME()`, as in `mt.figures.hw_scaling()`; `dir(mt.figures)` lists them.\n"
    ]
    parts += [f"- [{name}](#{name.lower()})" for name in names]
    for name in names:
        public = getattr(memwall_trends, name)
        documented = package[f"{public.__module__}.{public.__name__}".removeprefix("memwall_trends.")]
        parts += ["", f"## {name}", "", *_render(name, public, documented)]
        if inspect.isclass(public):
            # Inherited ones too: a reader asks what a trend can do, not which class it has it from.
            for member, described in sorted(documented.all_members.items()):
                if not member.startswith("_") and described.docstring and not described.is_attribute:
                    own = inspect.getattr_static(public, member)
                    parts += ["", f"### {name}.{member}", "", *_render(f"{name}.{member}", own, described)]
                elif not member.startswith("_") and described.docstring and "property" in described.labels:
                    parts += ["", f"### {name}.{member}", "", *_sections(described)]
    return "\n".join(parts).strip() + "\n"


def public_names() -> list[str]:
    """Return the functions and classes that ``import memwall_trends`` offers."""
    names: list[str] = vars(memwall_trends)["__all__"]
    return [name for name in names if not inspect.ismodule(getattr(memwall_trends, name))]


def _render(name: str, public: Any, documented: griffe.Object | griffe.Alias) -> Iterator[str]:
    if is_typeddict(public) or (inspect.isclass(public) and issubclass(public, Exception)):
        yield from _sections(documented)
        return
    signature = inspect.signature(public)
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    plain = signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
    yield f"```python\n{name}{plain}\n```"
    yield ""
    yield from _sections(documented)


def _sections(documented: griffe.Object | griffe.Alias) -> Iterator[str]:
    if documented.docstring is None:
        return
    for section in documented.docstring.parse("numpy"):
        kind = section.kind.value
        if kind in HEADINGS:
            yield f"**{HEADINGS[kind]}**\n"
            yield from (_item(item) for item in section.value)
        elif kind == "examples":
            yield "**Example**\n"
            for part, text in section.value:
                yield f"```python\n{text}\n```" if part.value == "examples" else _plain(text)
        else:
            yield _plain(section.value if isinstance(section.value, str) else section.value.contents)
        yield ""


def _item(item: Any) -> str:
    name = f"**{item.name}**" if getattr(item, "name", "") else ""
    kind = f"`{item.annotation}`" if item.annotation else ""
    described = " ".join(_plain(item.description).split())
    return f"- {' '.join(filter(None, [name, kind]))}{': ' if described else ''}{described}"


def _plain(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    for page, render in (("cli.md", render_cli), ("api.md", render_api)):
        (CHECKOUT / "docs" / page).write_text(render(), encoding="utf-8", newline="\n")
