"""Runs of the conformance suite in a process of its own, on backends of an installed plugin."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def run_suite(folder: Path, plugin: str, binding: str, modules: Iterable[str], timeout: float) -> dict[str, Any]:
    """The reports by storage of a run in which tests must fail.

    Args:
        folder: where it runs.
        plugin: the module with the backends.
        binding: the conftest.py.
        modules: of the suite, or tests in them, as in ``test_tags::test_tag_is_deleted_once``.
        timeout: seconds.
    """
    (folder / "conftest.py").write_text(binding)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\n")
    installed = folder / "plugins" / "wrong-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[stockroom]\nwrong = {plugin}\n")
    options = ["-q", "--tb=short", "--conformance-report=report.json", "--pyargs"]
    names = [f"conformance.suite.{name}" for name in sorted(modules)]
    paths = os.pathsep.join(filter(None, [str(folder / "plugins"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *names],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    reports: dict[str, Any] = json.loads((folder / "report.json").read_text())["storages"]
    return reports
