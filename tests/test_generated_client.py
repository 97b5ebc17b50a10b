"""A client generated from the API document can walk through the shop."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.processes.servers import run_server
from core.settings import Settings

GENERATOR = "openapi-python-client==0.29.1"
WALK = Path(__file__).with_name("generated_walk.py")


@pytest.fixture(scope="session")
def client_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``generate``, created once a run; other processes wait for it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "generated"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            generate(folder)
            (folder / "done").touch()
    return folder


def generate(folder: Path) -> None:
    """A throw-away environment with the generator in it, and in the same folder the client ``shop_client``."""
    run(folder, sys.executable, "-m", "venv", "--clear", "--without-pip", "environment")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "-qq",
        "--disable-pip-version-check",
        "--python",
        bin_of(folder) / "python",
    ]
    run(folder, *pip, "install", GENERATOR)
    document = create_app(settings_for("sqlite:///unused.db")).openapi()
    (folder / "document.json").write_text(json.dumps(document))
    command = ["generate", "--path", "document.json", "--output-path", "shop_client", "--meta", "none", "--overwrite"]
    run(folder, bin_of(folder) / "openapi-python-client", *command, "--fail-on-warning")


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The base URL of a server on an empty store."""
    with run_server(settings, tmp_path) as url:
        yield url


@pytest.mark.timeout(300)  # the first test of a run installs the generator
@pytest.mark.thorough
def test_generated_client_completes_the_walkthrough(server: str, client_folder: Path) -> None:
    said = run(client_folder, bin_of(client_folder) / "python", WALK, server)
    assert said == "walked\n"


def bin_of(folder: Path) -> Path:
    """The folder of the environment's programs."""
    return folder / "environment" / "bin"


def run(folder: Path, *command: str | Path) -> str:
    """The output of a program that runs in ``folder`` with the environment's programs first in its path."""
    path = f"{bin_of(folder)}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
