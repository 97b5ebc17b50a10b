"""``stockroom compare`` as an operator runs it, but briefly."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings

BRIEF = ("--rounds=1", "--duration=0.08", "--warmup=0.02", "--scale=20")


@dataclass(frozen=True)
class Told:
    """What the command did."""

    code: int
    out: str
    err: str


def command(*arguments: str) -> list[str]:
    """How it is started."""
    return [str(Path(sys.executable).parent / "stockroom"), "compare", *arguments]


def environment(**settings: object) -> dict[str, str]:
    """Ours, with these settings, and all others unset."""
    unset = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return unset | {name: str(value) for name, value in settings.items()}


def compare(folder: Path, *arguments: str, path: Path | None = None, **settings: object) -> Told:
    """Run the command in a folder; keywords are settings, the others unset; ``path`` has more modules to be found."""
    env = environment(**settings) | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        command(*arguments), cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100
    )
    return Told(done.returncode, done.stdout, done.stderr)
