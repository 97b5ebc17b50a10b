"""A third party's repository: the built wheels in their own environment, ten lines, and the whole suite runs."""

import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("stockroom", "_editable_impl", "__editable__", "editables", "distutils-precedence")

BINDING = (ROOT / "examples" / "memory" / "conftest.py").read_text()

# One method, wrong by a cent.
BREAKING = """

from stockroom_memory.accounts import MemoryAccountRepository

sound = MemoryAccountRepository.adjust_balances


async def adjust_balances(self, changes, at):
    await sound(self, {key: change - (change > 0) for key, change in changes.items()}, at)


MemoryAccountRepository.adjust_balances = adjust_balances
"""


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheels of Stockroom and of the example; what they depend on is lent by ours."""
    folder = tmp_path_factory.mktemp("third-party")
    wheels = folder / "wheels"
    for project in (ROOT, ROOT / "examples" / "memory"):
        run(project, sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels)
    run(folder, sys.executable, "-m", "venv", "--without-pip", "environment")
    [packages] = (folder / "environment").glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(f"{lend(folder / 'lent')}\n")
    python = folder / "environment" / "bin" / "python"
    command = ("-m", "pip", "-qq", "--disable-pip-version-check", "--python", python, "install", "--no-deps")
    run(folder, sys.executable, *command, *wheels.glob("*.whl"))
    return folder / "environment"


def lend(folder: Path) -> Path:
    """Everything that is installed here but the project itself."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(OURS) and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


def run(folder: Path, *command: str | Path, code: int = 0) -> str:
    """What a program says that ends with this code."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "STOCKROOM_"))}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def kit(environment: Path, repository: Path, *options: str, code: int = 0) -> dict[str, Any]:
    """What the kit says of the backend, run in a repository that has nothing but the binding."""
    python = environment / "bin" / "python"
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--conformance-report=out.json", *options]
    run(repository, python, *command, "--pyargs", "conformance.suite", code=code)
    report: dict[str, Any] = json.loads((repository / "out.json").read_text())
    return report


@pytest.mark.timeout(300)
def test_third_party_backend_is_conformant(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(BINDING)
    report = kit(environment, tmp_path, "-n", "2")
    assert report["kit"] == version("stockroom")
    [(name, memory)] = report["storages"].items()
    assert (name, memory["backend"], memory["level"], memory["missing"]) == ("memory", "memory", "conformant", [])
    assert set(memory["tests"].values()) == {"passed"}
    assert len(memory["tests"]) > 300


@pytest.mark.timeout(300)
def test_with_one_method_broken_it_has_failed(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(BINDING + BREAKING)
    report = kit(environment, tmp_path, "-k", "test_accounts", code=1)
    assert report["storages"]["memory"]["level"] == "failed"
    assert report["storages"]["memory"]["tests"]["test_accounts.py::test_transfer_moves_money[memory]"] == "failed"


def test_a_repository_without_a_binding_is_told_what_to_write(environment: Path, tmp_path: Path) -> None:
    said = run(
        tmp_path,
        environment / "bin" / "python",
        "-m",
        "pytest",
        "-q",
        "--pyargs",
        "conformance.suite.test_tags",
        code=4,
    )
    assert "no storage to test: implement pytest_conformance_targets in a conftest.py" in said
