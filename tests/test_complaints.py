"""The page on failure modes elsewhere names tests that exist, and for every row at least one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "complaints.md").read_text(encoding="utf-8")
ROWS = re.findall(r"(?m)^\| (.+) \| (.*) \| (.+) \| (.*) \|$", PAGE.partition("| failure |")[2])[1:]
STORAGES = {"all", "SQL", "SQLite", "MongoDB", "any", "later"}
LATER = "nothing yet"


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name for name in functions if name.startswith("test_")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_makes_it_impossible_exists(row: tuple[str, str, str, str]) -> None:
    _, _, because, storages = row
    if because.startswith(LATER):
        return
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", because)
    assert named
    assert len(named) == because.count("`") // 2
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []
    assert storages in STORAGES


def test_one_row_is_left_for_later() -> None:
    assert len([row for row in ROWS if row[2].startswith(LATER)]) == 1
    assert len([row for row in ROWS if row[1]]) == 28
