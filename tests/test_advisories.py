"""The audit of dependencies: pip-audit reports no vulnerabilities even if it could look up none."""

import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT: dict[str, Any] = runpy.run_path(str(Path(__file__).parent.parent / ".ci/audit.py"))

CLEAN = {"name": "a", "version": "1.0", "vulns": []}
KNOWN = {"name": "b", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("pins", "codes", "words"),
    [
        ([CLEAN, CLEAN], (0, 0), "No vulnerability is known of the 2 pins"),
        ([CLEAN, KNOWN], (1, 1), "b 2.0: PYSEC-1, fixed in 2.1"),
        ([KNOWN, SKIPPED], (1, 1), "PYSEC-1"),
        ([CLEAN, SKIPPED], (0, 1), "NOT AUDITED: advisories for 1 of 2 pins only"),
        ([SKIPPED, SKIPPED], (0, 1), "NOT AUDITED: advisories for 0 of 2 pins only"),
        ([], (0, 1), "NOT AUDITED: no advisories"),
    ],
)
def test_only_pins_that_were_looked_up_count(pins: list[Any], codes: tuple[int, int], words: str) -> None:
    for required, code in zip((False, True), codes, strict=True):
        found, text = AUDIT["verdict"](pins, required=required)
        assert found == code
        assert words in text


def test_every_excuse_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in AUDIT["EXCUSED"].values())
