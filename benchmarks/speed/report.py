"""The figures as tables, on the terminal and in ``docs/measurements/performance.md``."""

import os
import platform
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.speed.contenders import OURS, RAW, ROOT, TUTORIAL
from benchmarks.speed.workloads import Workload

DOCUMENT = ROOT / "docs/measurements/performance.md"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one workload.

    Attributes:
        rate: good answers per second.
        p50: median latency in ms.
        p99: likewise.
        busy: processor time of the application for one answer, in ms.
        failures: answers that were not as expected.
    """

    rate: float
    p50: float
    p99: float
    busy: float
    failures: int


Rounds = dict[str, list[Sample]]
"""By contender, a sample for each round."""


def table(figures: Sequence[tuple[Workload, Rounds]]) -> list[str]:
    """Medians over the rounds; behind a ratio the lowest and the highest of any round."""
    lines = [
        "| work | ours/s | by hand/s | ratio | wanted | tutorial/s | ratio | wanted |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for workload, rounds in figures:
        cells = [workload.name, _median(rounds, OURS, _rate), *_against(rounds, RAW, workload.against_raw, 2)]
        if TUTORIAL in rounds:
            cells += _against(rounds, TUTORIAL, workload.against_tutorial, 1)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *_details(figures)]


def _against(rounds: Rounds, other: str, wanted: float, digits: int) -> list[str]:
    ratio = statistics.median(map(_rate, rounds[OURS])) / statistics.median(map(_rate, rounds[other]))
    each = [ours.rate / theirs.rate for ours, theirs in zip(rounds[OURS], rounds[other], strict=True)]
    spread = f"({min(each):.{digits}f} to {max(each):.{digits}f})"
    mark = "" if ratio >= wanted else " ✗"
    return [_median(rounds, other, _rate), f"**{ratio:.{digits}f}**{mark} {spread}", f"≥ {wanted:g}"]


def _details(figures: Sequence[tuple[Workload, Rounds]]) -> list[str]:
    names = list(dict.fromkeys(name for _, rounds in figures for name in rounds))
    lines = [
        f"| p50 / p99 in ms; application's processor time in ms | {' | '.join(names)} |",
        "| --- |" + " ---: |" * len(names),
    ]
    for workload, rounds in figures:
        cells = [_latencies(rounds[name]) for name in names]
        lines.append(f"| {workload.name} | {' | '.join(cells)} |")
    return lines


def _latencies(samples: Sequence[Sample]) -> str:
    p50, p99 = (statistics.median(get(sample) for sample in samples) for get in (_p50, _p99))
    busy = statistics.median(sample.busy for sample in samples)
    failed = sum(sample.failures for sample in samples)
    return f"{p50:,.1f} / {p99:,.1f}; {busy:,.3f}" + (f"; {failed} failed" if failed else "")


def _rate(sample: Sample) -> float:
    return sample.rate


def _p50(sample: Sample) -> float:
    return sample.p50


def _p99(sample: Sample) -> float:
    return sample.p99


def _median(rounds: Rounds, name: str, get: Callable[[Sample], float]) -> str:
    value = statistics.median(map(get, rounds[name]))
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def machine() -> str:
    """Where it was measured, and when."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )


def write(section: str, lines: Sequence[str], document: Path = DOCUMENT) -> None:
    """Put a section of a document in place of what it was; the words around it are written by people."""
    begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    text = document.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{document.name} has no place for {section}")
    document.write_text("\n".join([f"{before}{begin}", "", *lines, "", f"{end}{after}"]), encoding="utf-8")
