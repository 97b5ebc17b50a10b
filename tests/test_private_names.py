"""Private names of other libraries may be used where they are listed, and are then still there in what is installed."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "backends", "api", "conformance", "compare", "cli")
LISTS = ("backends.sql", "backends.mongo", "api")
DOCUMENTED = {"_mapping", "_replace"}  # of rows and named tuples, whose fields have the other names


class Use(NamedTuple):
    """One use of a private name: the dotted name of an import, or the name of an attribute."""

    line: int
    name: str


def listed(package: str) -> Mapping[str, str] | None:
    """A package's list; None where it has none."""
    module = f"{package}.private_names"
    return import_module(module).PRIVATE_NAMES if find_spec(module) else None


def sources() -> Iterator[tuple[Path, str]]:
    """Each file, and the package whose list it goes by."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).parts)
            yield path, next((name for name in LISTS if dotted.startswith(f"{name}.")), package)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def defined(path: Path) -> frozenset[str]:
    """The private names that a file defines: functions, classes, variables, and attributes of self."""
    names = set()
    for node in ast.walk(parsed(path)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                names.add(name)
    return frozenset(filter(is_private, names))


def imported(path: Path) -> Iterator[Path]:
    """The files of the project that a file imports."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            for module in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                file = ROOT / f"{module.replace('.', '/')}.py"
                if file.exists():
                    yield file


@cache
def defined_in_project() -> frozenset[str]:
    return frozenset().union(*(defined(path) for path, _ in sources()))


def private_imports(path: Path) -> Iterator[Use]:
    for node in ast.walk(parsed(path)):
        names: list[str] = []
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            library, *parts = name.split(".")
            if any(map(is_private, parts)) and library not in PACKAGES and library not in sys.stdlib_module_names:
                yield Use(node.lineno, name)


def private_attributes(path: Path) -> Iterator[Use]:
    """Those that neither the file nor one that it imports defines; of self, those that the project does not."""
    known = defined(path).union(DOCUMENTED, *(defined(file) for file in imported(path)))
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                if is_private(name) and name not in defined_in_project():
                    yield Use(node.lineno, name)
            case (
                ast.Attribute(attr=name)
                | ast.Call(
                    func=ast.Name(id="getattr" | "setattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]
                )
            ):
                if is_private(name) and name not in known:
                    yield Use(node.lineno, name)


def test_private_names_are_listed() -> None:
    found = []
    for path, package in sources():
        names = listed(package)
        if names is None and package in LISTS:
            continue  # its list is not written yet
        attributes = {name.rpartition(".")[2] for name in names or {}}
        unlisted = [use for use in private_imports(path) if use.name not in (names or {})]
        unlisted += [use for use in private_attributes(path) if use.name not in attributes]
        found += [f"{path.relative_to(ROOT)}:{use.line}: {use.name}" for use in unlisted]
    remedy = f"use a public name, or add it with the reason to private_names.py of one of {', '.join(LISTS)}"
    assert not found, "\n".join([*found, f"private names of other libraries: {remedy}"])


ENTRIES = [(package, name) for package in LISTS for name in listed(package) or {}]


@pytest.mark.parametrize(("package", "name"), ENTRIES)
def test_listed_name_is_used(package: str, name: str) -> None:
    last = name.rpartition(".")[2]
    files = [path for path, owner in sources() if owner == package and path.name != "private_names.py"]
    is_used = any(re.search(rf"\b{last}\b", path.read_text()) for path in files)
    assert is_used, f"{package} does not use {name} any more: remove it from {package}.private_names"


@pytest.mark.parametrize(("package", "name"), ENTRIES)
def test_listed_name_is_still_there(package: str, name: str) -> None:
    assert is_there(name), f"the installed library lacks {name}: adapt {package}, then {package}.private_names"


def is_there(name: str) -> bool:
    """Whether a name can be found from its module on, or is an attribute that its class sets."""
    parts = name.split(".")
    depth = next(depth for depth in range(len(parts) - 1, 0, -1) if is_module(".".join(parts[:depth])))
    found: Any = import_module(".".join(parts[:depth]))
    for part in parts[depth:-1]:
        found = getattr(found, part, None)
    return hasattr(found, parts[-1]) or (inspect.isclass(found) and sets(found, parts[-1]))


def sets(kind: type, attribute: str) -> bool:
    own = [base for base in kind.__mro__ if base.__module__ not in sys.stdlib_module_names]
    return any(re.search(rf"self\.{attribute}\b", inspect.getsource(base)) for base in own)


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from fastapi._compat import ModelField", "fastapi._compat.ModelField"),
        ("from starlette.routing import _DefaultLifespan", "starlette.routing._DefaultLifespan"),
        ("import anyio._core", "anyio._core"),
    ],
)
def test_private_import_is_found(tmp_path: Path, source: str, name: str) -> None:
    (tmp_path / "given.py").write_text(source)
    assert [use.name for use in private_imports(tmp_path / "given.py")] == [name]


@pytest.mark.parametrize(
    "source",
    ["connection._hidden_1", "setattr(connection, '_hidden_1', 1)", "connection._hidden_1 = 2", "self._hidden_1()"],
)
def test_private_attribute_is_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "given.py").write_text(source)
    assert [use.name for use in private_attributes(tmp_path / "given.py")] == ["_hidden_1"]
