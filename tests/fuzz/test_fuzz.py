"""Random request sequences on all storages of the run at once, and recorded ones that once failed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI

from conformance import Target
from conformance.fuzz.machine import run_random_sequences
from conformance.fuzz.participant import Divergence
from conformance.fuzz.steps import parse
from conformance.fuzz.transcript import replay
from tests.fuzz.profiles import CI, FUZZ

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.jsonl"))


@contextmanager
def report_divergence(config: pytest.Config) -> Iterator[None]:
    """Write down a failing sequence, and fail with the command that replays it."""
    try:
        yield
    except Divergence as found:
        name = sha256(found.transcript.encode()).hexdigest()[:12]
        file = config.cache.mkdir("fuzz").relative_to(config.rootpath) / f"{name}.jsonl"
        (config.rootpath / file).write_text(found.transcript, encoding="utf-8")
        again = f".venv/bin/pytest tests/fuzz --storage {config.getoption('--storage')} --replay {file}"
        pytest.fail(f"{found}\n\n{found.transcript}\nTo replay it: {again}", pytrace=False)


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_random_request_sequences(
    pytestconfig: pytest.Config, storage_targets: Sequence[Target], apps: dict[str, FastAPI]
) -> None:
    minutes = pytestconfig.getoption("--minutes", None)
    with report_divergence(pytestconfig):
        if minutes is None:
            run_random_sequences(storage_targets, apps, CI)
            return
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            run_random_sequences(storage_targets, apps, FUZZ)


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda file: file.stem)
def test_recorded_sequence_passes(file: Path, storage_targets: Sequence[Target], apps: dict[str, FastAPI]) -> None:
    replay(parse(file.read_text(encoding="utf-8")), storage_targets, apps)


def test_given_sequence_passes(
    pytestconfig: pytest.Config, storage_targets: Sequence[Target], apps: dict[str, FastAPI]
) -> None:
    lines = parse(pytestconfig.getoption("--replay").read_text(encoding="utf-8"))
    with report_divergence(pytestconfig):
        replay(lines, storage_targets, apps)
