"""The machine on which a comparison runs."""

import os
import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from core import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInfo:
    """A machine at the start of a comparison.

    Attributes:
        at: start of the comparison.
        system: operating system and architecture.
        processor: its model, where the system reports one.
        cores: logical processors that this process may use.
        memory: bytes.
        busy: share of all cores that other processes used just before, 0 to 1.
        python: implementation and version.
        stockroom: version.
    """

    at: datetime
    system: str
    processor: str
    cores: int
    memory: int
    busy: float
    python: str
    stockroom: str

    @classmethod
    def collect(cls) -> "HostInfo":
        """The current machine. Blocks for 0.2 s to sample the processors."""
        return cls(
            at=clock.now(),
            system=f"{platform.platform(aliased=True, terse=True)} {platform.machine()}",
            processor=_processor_model(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory=psutil.virtual_memory().total,
            busy=psutil.cpu_percent(interval=0.2) / 100,
            python=f"{platform.python_implementation()} {platform.python_version()}",
            stockroom=version("stockroom"),
        )


def _processor_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
