"""SQLite: one file per database, copied from a migrated one."""

import shutil
from pathlib import Path

from typing_extensions import override

from tests.harness.kind import Address, DatabaseKind, Restore
from tests.harness.run_directory import RunDirectory


class SQLite(DatabaseKind):
    """Part of Python, so always available."""

    name = "sqlite"
    embedded = True

    @override
    async def obtain(self, run_directory: RunDirectory) -> Address:
        return Address(f"sqlite:///{run_directory.make_folder(self.name)}", "embedded")

    @override
    async def create(self, address: str, name: str) -> str:
        """Only builds the URL: the file is created with the first connection."""
        return f"{address}/{name}.db"

    @override
    async def drop(self, url: str) -> None:
        """Deletes the file and those that SQLite keeps beside it."""
        _remove(_path(url))

    @override
    async def take_snapshot(self, url: str) -> Restore:
        """Copies the file; restores it as a new file, so that no connection left open writes to it."""
        copy = f"{_path(url)}.template"
        shutil.copyfile(_path(url), copy)

        async def restore() -> None:
            _remove(_path(url))
            shutil.copyfile(copy, _path(url))

        return restore


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


def _path(url: str) -> str:
    return url.partition(":///")[2]
