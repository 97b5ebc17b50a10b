"""What the suite consists of, read from its source: so a test that was not collected is missed too."""

import ast
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from core.storage import Capabilities

SUITE = Path(__file__).parent / "suite"


def expected(capabilities: Capabilities) -> set[str]:
    """Every test that a storage with these capabilities must pass, as ``test_races.py::test_no_change_is_lost``."""
    able = {name for name, value in asdict(capabilities).items() if value}
    return {name for name, needed in contents() if needed <= able}


def contents() -> Iterator[tuple[str, set[str]]]:
    """Every test of the suite, with the capabilities it needs."""
    for file in sorted(SUITE.glob("test_*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        shared = _needs(_module_marks(module))
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                fixtures = {argument.arg for argument in node.args.args}
                own = _needs(node.decorator_list) | ({"shared"} if "two_servers" in fixtures else set())
                yield f"{file.name}::{node.name}", shared | own


def _module_marks(module: ast.Module) -> list[ast.expr]:
    marks: list[ast.expr] = []
    for node in module.body:
        if isinstance(node, ast.Assign) and "pytestmark" in {t.id for t in node.targets if isinstance(t, ast.Name)}:
            marks += node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return marks


def _needs(marks: list[ast.expr]) -> set[str]:
    calls = [mark for mark in marks if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.needs"]
    return {ast.literal_eval(argument) for call in calls for argument in call.args}
