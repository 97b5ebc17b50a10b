"""Where a comparison ran: figures mean nothing without it."""

import os
import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from core import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine at the start of a comparison.

    Attributes:
        at: when.
        system: operating system and architecture.
        processor: its name, as far as the system tells.
        cores: logical processors that this process may use.
        memory: bytes.
        busy: share of all cores that others used in the moment before, 0 to 1.
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
    def here(cls) -> "Machine":
        """The one we are on, now; looks at it for a moment."""
        return cls(
            at=clock.now(),
            system=f"{platform.platform(aliased=True, terse=True)} {platform.machine()}",
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory=psutil.virtual_memory().total,
            busy=psutil.cpu_percent(interval=0.2) / 100,
            python=f"{platform.python_implementation()} {platform.python_version()}",
            stockroom=version("stockroom"),
        )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
