"""The page of known failure modes names at least one existing test in every row."""

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
def list_tests(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name for name in functions if name.startswith("test_")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_named_tests_exist(row: tuple[str, str, str, str]) -> None:
    _, _, tests, storages = row
    if tests.startswith(LATER):
        return
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", tests)
    assert named
    assert len(named) == tests.count("`") // 2
    assert [f"{file}::{name}" for file, name in named if name not in list_tests(file)] == []
    assert storages in STORAGES


def test_one_row_has_no_test_yet() -> None:
    assert len([row for row in ROWS if row[2].startswith(LATER)]) == 1
    assert len([row for row in ROWS if row[1]]) == 28
