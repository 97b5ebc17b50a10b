"""The command ``alembic`` on a copy of the sources, in which revisions may be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCES = ("core", "backends", "migrations")


class AlembicCopy:
    """Runs the command in a folder of its own.

    Attributes:
        folder: with the copied sources, which are imported in place of the originals.
        versions: where the revisions are.
    """

    def __init__(self, folder: Path, database_url: str) -> None:
        for name in SOURCES:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "alembic.ini", folder)
        self.folder = folder
        self.versions = folder / "migrations" / "sql" / "versions"
        self._environment = os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(folder)}

    def attempt(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """What a command ended with."""
        return subprocess.run(
            [Path(sys.executable).with_name("alembic"), *arguments],
            cwd=self.folder,
            env=self._environment | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str) -> str:
        """The output of a command that must succeed."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def autogenerate(self, message: str) -> Path:
        """A new revision of the differences."""
        before = set(self.versions.glob("*.py"))
        self.run("revision", "--autogenerate", "-m", message)
        [path] = set(self.versions.glob("*.py")) - before
        return path
