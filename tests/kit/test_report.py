"""Reports: the level of a run, failed, partial or conformant, and the matrix made from reports."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from conformance import matrix
from conformance.manifest import capability_tests, list_tests, required_tests
from conformance.report import Report
from core.plugins import discover
from core.storage.capabilities import CAPABILITY_INFO

MEMORY = discover().by_name["memory"]


@pytest.fixture
def report() -> Report:
    """The report of a run in which every test passed."""
    report = Report.of_backend(MEMORY)
    for test in required_tests(MEMORY.capabilities):
        report.add(f"{test}[memory]", "call", "passed")
    return report


def test_all_passed_is_conformant(report: Report) -> None:
    assert (report.level, report.missing) == ("conformant", [])


@pytest.mark.parametrize("phase", ["setup", "call", "teardown"])
def test_one_failure_is_failed(report: Report, phase: str) -> None:
    report.add("test_tags.py::test_slug_can_be_chosen[memory]", phase, "failed")
    report.add("test_tags.py::test_slug_can_be_chosen[memory]", "teardown", "passed")
    assert report.level == "failed"


def test_skip_is_partial(report: Report) -> None:
    report.add("test_tags.py::test_slug_can_be_chosen[memory]", "setup", "skipped")
    assert (report.level, report.missing) == ("partial", ["test_tags.py::test_slug_can_be_chosen"])


def test_omitted_test_is_partial(report: Report) -> None:
    del report.tests["test_tags.py::test_slug_can_be_chosen[memory]"]
    assert (report.level, report.missing) == ("partial", ["test_tags.py::test_slug_can_be_chosen"])


def test_omitted_parameter_is_partial(report: Report) -> None:
    report.deselected.add("test_values.py::test_lengths_count_code_points[memory-a]")
    assert report.level == "partial"


def test_empty_run_is_partial() -> None:
    assert Report.of_backend(MEMORY).level == "partial"


@pytest.mark.parametrize("capability", CAPABILITY_INFO)
def test_every_capability_has_tests(capability: str) -> None:
    assert capability_tests(capability)
    assert capability_tests(capability) <= {name for name, _ in list_tests()}


# The matrix


def document(report: Report) -> dict[str, Any]:
    """A report as it is in a file."""
    return {"kit": "1.0", "python": "3.11.0", "storages": {"memory": json.loads(json.dumps(report.as_json()))}}


def cell(page: str, row: str) -> str:
    """The last cell of the row with this title."""
    [line] = [line for line in page.splitlines() if line.startswith(f"| {row} |")]
    return line.split("|")[-2].strip()


def test_cell_shows_outcome(report: Report) -> None:
    page = matrix.render_page([document(report)])
    assert [cell(page, row) for row in ("level", "`savepoints`", "`durable`", "`max_writers`", "`id_block`")] == [
        "conformant",
        "yes",
        "no",
        "1",
        "1",
    ]


def test_cell_without_run_is_empty(report: Report) -> None:
    for test in capability_tests("savepoints"):
        report.tests.pop(f"{test}[memory]", None)
    assert cell(matrix.render_page([document(report)]), "`savepoints`") == ""


def test_cell_shows_failed_and_unverified(report: Report) -> None:
    report.tests[f"{min(capability_tests('savepoints') & required_tests(MEMORY.capabilities))}[memory]"] = "failed"
    report.unverified.add("serializable")
    page = matrix.render_page([document(report)])
    assert (cell(page, "`savepoints`"), cell(page, "`serializable`")) == ("**failed**", "unverified")


def test_page_is_stale_only_when_a_cell_differs(report: Report, tmp_path: Path) -> None:
    command, runner = Typer(), CliRunner()
    command.command()(matrix.main)
    reports, page = tmp_path / "report.json", tmp_path / "page.md"

    def run(*options: str, **changes: Any) -> int:
        reports.write_text(json.dumps(document(report) | changes))
        return runner.invoke(command, [str(reports), f"--page={page}", *options]).exit_code

    assert run("--check") == 1
    assert run() == 0
    assert run("--check", python="3.14.0") == 0
    report.unverified.add("serializable")
    assert run("--check") == 1
