"""The folder, ports and processes of a test run."""

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from conformance.processes.ports import PortPool
from conformance.processes.process import Process

_PREFIX = "stockroom-test-"


@dataclass(slots=True)
class RunDirectory:
    """A temporary folder, the ports that were taken, and the servers that were started."""

    folder: Path
    ports: PortPool = field(default_factory=PortPool)
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def new(cls) -> "RunDirectory":
        """A new folder that other users can enter; deletes the folders of runs that were killed."""
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if not _is_running(folder.name.removeprefix(_PREFIX).partition("-")[0]):
                shutil.rmtree(folder, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        folder.chmod(0o755)
        return cls(folder)

    def make_folder(self, name: str, user: str | None = None) -> Path:
        """A new subfolder, owned by ``user``."""
        folder = self.folder / name
        folder.mkdir()
        if user is not None:
            shutil.chown(folder, user)
        return folder

    def stop(self) -> None:
        """Stop every server and delete the folder. May be called again."""
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
