"""Where a test run keeps what it starts."""

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from conformance.processes.ports import PortPool
from conformance.processes.process import Process

_PREFIX = "stockroom-test-"


@dataclass(slots=True)
class Site:
    """A temporary folder, the ports that were taken, and the servers that were started."""

    folder: Path
    ports: PortPool = field(default_factory=PortPool)
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def new(cls) -> "Site":
        """A site of our own, in a folder that other users can enter; removes those that killed runs left behind."""
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if not _is_running(folder.name.removeprefix(_PREFIX).partition("-")[0]):
                shutil.rmtree(folder, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        folder.chmod(0o755)
        return cls(folder)

    def room(self, name: str, user: str | None = None) -> Path:
        """A new folder that belongs to ``user``."""
        room = self.folder / name
        room.mkdir()
        if user is not None:
            shutil.chown(room, user)
        return room

    def stop(self) -> None:
        """End every server and remove the folder. Twice does no harm."""
        for process in self.processes:
            process.stop()
        self.processes.clear()
        self.ports.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
