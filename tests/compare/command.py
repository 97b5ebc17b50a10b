"""Runs ``stockroom compare`` as an operator would, for a short time."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings

BRIEF = ("--rounds=1", "--duration=0.08", "--warmup=0.02", "--scale=20")


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def command(*arguments: str) -> list[str]:
    """The command line of ``stockroom compare``."""
    return [str(Path(sys.executable).parent / "stockroom"), "compare", *arguments]


def environment(**settings: object) -> dict[str, str]:
    """The current environment with exactly these settings."""
    unset = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return unset | {name: str(value) for name, value in settings.items()}


def compare(folder: Path, *arguments: str, path: Path | None = None, **settings: object) -> CommandResult:
    """Run the command in a folder; keywords are settings, all others are unset; ``path`` is put on ``sys.path``."""
    env = environment(**settings)
    if path is not None:
        env["PYTHONPATH"] = os.pathsep.join([str(path), *filter(None, [env.get("PYTHONPATH")])])
    done = subprocess.run(
        command(*arguments), cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)
