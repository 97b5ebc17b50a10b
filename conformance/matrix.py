"""The conformance of every storage: a page made from the reports of runs, never from declarations.

``python -m conformance.matrix REPORT… --page FILE`` writes it; with ``--check`` it only tells whether FILE is stale.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core.storage.capabilities import CAPABILITY_INFO

Reports = Mapping[str, Mapping[str, Any]]

_INTRODUCTION = """# Conformance by storage

Made by `make matrix` from the reports of conformance runs; do not edit. Every cell comes from tests that ran: it is
empty where none did, and an empty cell is never a yes. The capabilities are explained in
[capabilities.md](capabilities.md); the tests are in `conformance/suite`.
"""
_RUNS = "## Runs"
_CELLS = {True: "yes", False: "no", None: "unlimited"}


def render_page(documents: Iterable[Mapping[str, Any]]) -> str:
    """The page for these reports."""
    known = list(documents)
    storages: Reports = {name: report for document in known for name, report in document["storages"].items()}
    parts = [_INTRODUCTION, _levels(storages), _capabilities(storages), _behaviour(storages), _runs(known)]
    return "\n".join(parts)


def are_equivalent(page: str, other: str) -> bool:
    """Whether two pages differ in nothing but the versions that they were measured with."""
    return page.partition(_RUNS)[0] == other.partition(_RUNS)[0]


def _levels(storages: Reports) -> str:
    rows = [
        ["level", *(report["level"] for report in storages.values())],
        ["tests passed", *(_passed(report["tests"].values()) for report in storages.values())],
    ]
    return _table(["", *storages], rows)


def _capabilities(storages: Reports) -> str:
    rows = [
        [f"`{name}`", CAPABILITY_INFO[name].kind, *(_cell(report, name) for report in storages.values())]
        for name in CAPABILITY_INFO
    ]
    return "## Capabilities\n\n" + _table(["capability", "kind", *storages], rows)


def _cell(report: Mapping[str, Any], capability: str) -> str:
    outcomes = {report["tests"][test] for test in report["axes"].get(capability, ())}
    if not outcomes or outcomes - {"passed", "failed"}:
        return ""
    if "failed" in outcomes:
        return "**failed**"
    if capability in report["unverified"]:
        return "unverified"
    value = report["capabilities"][capability]
    return str(value) if type(value) is int else _CELLS[value]


def _behaviour(storages: Reports) -> str:
    files = sorted({_file_of(test) for report in storages.values() for test in report["tests"]})
    rows = [
        [
            _title_of(file),
            *(
                _passed(report["tests"][t] for t in report["tests"] if _file_of(t) == file)
                for report in storages.values()
            ),
        ]
        for file in files
    ]
    return "## Behaviour\n\nTests passed, of those that the storage's capabilities require.\n\n" + _table(
        ["part of the suite", *storages], rows
    )


def _runs(documents: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [name, report["backend"], report["server"], _versions(report["drivers"]), document["kit"], document["python"]]
        for document in documents
        for name, report in document["storages"].items()
    ]
    return f"{_RUNS}\n\n" + _table(["storage", "backend", "server", "drivers", "kit", "Python"], rows)


def _passed(outcomes: Iterable[str]) -> str:
    counted = list(outcomes)
    return f"{counted.count('passed')} of {len(counted)}" if counted else ""


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _title_of(file: str) -> str:
    return file.removeprefix("test_").removesuffix(".py").replace("_", " ")


def _versions(drivers: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}".strip() for name, version in drivers.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(
    reports: list[Path],
    page_file: Annotated[Path, typer.Option("--page")] = Path("docs/storage-matrix.md"),
    check: Annotated[bool, typer.Option("--check", help="only tell whether the page is stale")] = False,
) -> None:
    """Write the page for these reports, or compare it with them."""
    made = render_page(json.loads(report.read_text(encoding="utf-8")) for report in reports)
    if not check:
        page_file.write_text(made, encoding="utf-8")
    elif not (page_file.exists() and are_equivalent(page_file.read_text(encoding="utf-8"), made)):
        typer.echo(f"{page_file} is stale: it differs from what these runs have shown. Run: make matrix", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
