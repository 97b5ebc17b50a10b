"""SQLite: a file per database, copied from a migrated one."""

import shutil
from pathlib import Path

from tests.harness.kind import Address, Kind, Rewind
from tests.harness.site import Site


class SQLite(Kind):
    """Part of Python, so always there."""

    name = "sqlite"
    embedded = True

    async def obtain(self, site: Site) -> Address:
        """A folder for the files."""
        return Address(f"sqlite:///{site.room(self.name)}", "embedded")

    async def create(self, address: str, name: str) -> str:
        """The URL alone: the file comes into being with the first connection."""
        return f"{address}/{name}.db"

    async def drop(self, url: str) -> None:
        """Remove the file and those that SQLite keeps beside it."""
        _remove(_path(url))

    async def mark(self, url: str) -> Rewind:
        """Keep a copy, and put it in place of the file: as a new file, so that no forgotten connection writes to it."""
        copy = f"{_path(url)}.template"
        shutil.copyfile(_path(url), copy)

        async def rewind() -> None:
            _remove(_path(url))
            shutil.copyfile(copy, _path(url))

        return rewind


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


def _path(url: str) -> str:
    return url.partition(":///")[2]
