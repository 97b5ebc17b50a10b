"""Random conversations with all storages of the run at once, and those that once found something, again."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI

from conformance import Target
from conformance.fuzz.machine import converse
from conformance.fuzz.seat import Divergence
from conformance.fuzz.steps import read
from conformance.fuzz.transcript import replay
from tests.fuzz.profiles import CI, FUZZ

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.jsonl"))


@contextmanager
def reported(config: pytest.Config) -> Iterator[None]:
    """Write down a conversation that found something, and say how to hold it again."""
    try:
        yield
    except Divergence as found:
        name = sha256(found.transcript.encode()).hexdigest()[:12]
        file = config.cache.mkdir("fuzz").relative_to(config.rootpath) / f"{name}.jsonl"
        (config.rootpath / file).write_text(found.transcript, encoding="utf-8")
        again = f".venv/bin/pytest tests/fuzz --storage {config.getoption('--storage')} --replay {file}"
        pytest.fail(f"{found}\n\n{found.transcript}\nTo see it again: {again}", pytrace=False)


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_random_request_sequences(
    pytestconfig: pytest.Config, panelists: Sequence[Target], apps: dict[str, FastAPI]
) -> None:
    minutes = pytestconfig.getoption("--minutes", None)
    with reported(pytestconfig):
        if minutes is None:
            converse(panelists, apps, CI)
            return
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            converse(panelists, apps, FUZZ)


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda file: file.stem)
def test_recorded_sequence_passes(file: Path, panelists: Sequence[Target], apps: dict[str, FastAPI]) -> None:
    replay(read(file.read_text(encoding="utf-8")), panelists, apps)


def test_given_sequence_passes(
    pytestconfig: pytest.Config, panelists: Sequence[Target], apps: dict[str, FastAPI]
) -> None:
    lines = read(pytestconfig.getoption("--replay").read_text(encoding="utf-8"))
    with reported(pytestconfig):
        replay(lines, panelists, apps)
