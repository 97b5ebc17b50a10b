"""Random conversations with all storages of the run at once, and those that once found something, again."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, Verbosity, settings

from conformance import Target
from conformance.fuzz.machine import converse
from conformance.fuzz.seat import Divergence
from conformance.fuzz.steps import read
from conformance.fuzz.transcript import replay

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.jsonl"))

PROFILE = settings(
    stateful_step_count=40,
    deadline=None,
    database=None,
    print_blob=False,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
CI = settings(PROFILE, derandomize=True, max_examples=60)
FUZZ = settings(PROFILE, max_examples=50, stateful_step_count=60)

Reporting = Callable[[], Iterator[None]]


@pytest.fixture(autouse=True)
def _silence(pytestconfig: pytest.Config) -> Iterator[None]:
    """Nobody reads the log of a hundred thousand requests."""
    if not pytestconfig.getoption("--replay", None):
        logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@contextmanager
def reported(config: pytest.Config) -> Iterator[None]:
    """Write down a conversation that found something, and say how to hold it again."""
    try:
        yield
    except Exception as error:
        found = divergence(error)
        if found is None:
            raise
        folder = config.cache.mkdir("fuzz")
        file = folder / f"{sha256(found.transcript.encode()).hexdigest()[:12]}.jsonl"
        file.write_text(found.transcript, encoding="utf-8")
        storages = config.getoption("--storage")
        command = f".venv/bin/pytest tests/fuzz --storage {storages} --replay {file.relative_to(config.rootpath)}"
        pytest.fail(f"{found}\nThe conversation:\n{found.transcript}\nAgain: {command}", pytrace=False)


def divergence(error: BaseException | None) -> Divergence | None:
    """The one in an error, or in a group of those that came and went."""
    if error is None or isinstance(error, Divergence):
        return error
    within = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next((found for one in (*within, error.__cause__) if (found := divergence(one))), None)


@pytest.mark.timeout(900)
def test_random_conversations(
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
def test_what_was_found_once(file: Path, panelists: Sequence[Target], apps: dict[str, FastAPI]) -> None:
    replay(read(file.read_text(encoding="utf-8")), panelists, apps)
