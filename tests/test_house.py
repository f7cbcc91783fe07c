"""The shape of the code: which modules lie at the root, and how long modules and functions may be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import memwall_trends

PACKAGE = Path(memwall_trends.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOT = {"__init__", "__main__", "errors", "defaults", "units", "selection"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 450, 80


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_no_module_lies_loose_at_the_root() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == ROOT


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert {
        node.name: length_of(node) for node in functions if length_of(node) > MOST_LINES_OF_A_FUNCTION
    } == {}


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return 1 + (function.end_lineno or 0) - body[0].lineno if body else 0
