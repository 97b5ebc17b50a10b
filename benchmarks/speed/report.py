"""Formats the results as tables, for the terminal and ``docs/measurements/performance.md``."""

import os
import platform
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.speed.implementations import OURS, RAW, ROOT, TUTORIAL
from benchmarks.speed.workloads import Workload

DOCUMENT = ROOT / "docs/measurements/performance.md"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one workload.

    Attributes:
        rate: expected responses per second.
        p50: median latency in ms.
        p99: 99th percentile of the latency in ms.
        cpu: processor time of the application per response, in ms.
        failures: other responses.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    failures: int


Rounds = dict[str, list[Sample]]
"""By implementation, a sample for each round."""


def format_table(figures: Sequence[tuple[Workload, Rounds]]) -> list[str]:
    """Medians of the rounds; after a ratio the lowest and the highest of any round."""
    lines = [
        "| work | ours/s | by hand/s | ratio | wanted | tutorial/s | ratio | wanted |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for workload, rounds in figures:
        cells = [
            workload.name,
            _format_median(rounds, OURS, _get_rate),
            *_compare_with(rounds, RAW, workload.raw_target, 2),
        ]
        if TUTORIAL in rounds:
            cells += _compare_with(rounds, TUTORIAL, workload.tutorial_target, 1)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *_format_details(figures)]


def _compare_with(rounds: Rounds, other: str, target: float, digits: int) -> list[str]:
    ratio = statistics.median(map(_get_rate, rounds[OURS])) / statistics.median(map(_get_rate, rounds[other]))
    each = [ours.rate / baseline.rate for ours, baseline in zip(rounds[OURS], rounds[other], strict=True)]
    spread = f"({min(each):.{digits}f} to {max(each):.{digits}f})"
    mark = "" if ratio >= target else " ✗"
    return [_format_median(rounds, other, _get_rate), f"**{ratio:.{digits}f}**{mark} {spread}", f"≥ {target:g}"]


def _format_details(figures: Sequence[tuple[Workload, Rounds]]) -> list[str]:
    names = list(dict.fromkeys(name for _, rounds in figures for name in rounds))
    lines = [
        f"| p50 / p99 in ms; application's processor time in ms | {' | '.join(names)} |",
        "| --- |" + " ---: |" * len(names),
    ]
    for workload, rounds in figures:
        cells = [_format_latencies(rounds[name]) for name in names]
        lines.append(f"| {workload.name} | {' | '.join(cells)} |")
    return lines


def _format_latencies(samples: Sequence[Sample]) -> str:
    p50, p99 = (statistics.median(get(sample) for sample in samples) for get in (_get_p50, _get_p99))
    cpu = statistics.median(sample.cpu for sample in samples)
    failed = sum(sample.failures for sample in samples)
    return f"{p50:,.1f} / {p99:,.1f}; {cpu:,.3f}" + (f"; {failed} failed" if failed else "")


def _get_rate(sample: Sample) -> float:
    return sample.rate


def _get_p50(sample: Sample) -> float:
    return sample.p50


def _get_p99(sample: Sample) -> float:
    return sample.p99


def _format_median(rounds: Rounds, name: str, get: Callable[[Sample], float]) -> str:
    value = statistics.median(map(get, rounds[name]))
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def describe_machine() -> str:
    """The machine and the date of the measurement."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )


def write_section(section: str, lines: Sequence[str], document: Path = DOCUMENT) -> None:
    """Replace a section of a document; the text around it is written by hand."""
    begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    text = document.read_text(encoding="utf-8")
    before, has_begin, rest = text.partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise ValueError(f"{document.name} has no section {section}")
    document.write_text("\n".join([f"{before}{begin}", "", *lines, "", f"{end}{after}"]), encoding="utf-8")
