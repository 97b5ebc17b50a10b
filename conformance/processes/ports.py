"""Ports that no other process uses, also when many test processes look for one at the same moment."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

# Below the range that systems use for outgoing connections, so none of those can take a port before its server does;
# and without the default port of any database.
_RANGE = range(20_000, 27_000)


class PortPool:
    """Ports of 127.0.0.1. A port stays reserved, by a lock on a file of its number, until ``release``."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir(), f"stockroom-ports-{os.getuid()}")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._locks: dict[int, IO[bytes]] = {}

    def acquire(self) -> int:
        """A free port, which no ``PortPool`` of any process returns until it is released."""
        for port in random.sample(_RANGE, len(_RANGE)):
            if port not in self._locks and self._lock(port):
                if _is_free(port):
                    return port
                self._locks.pop(port).close()
        raise RuntimeError("no free port")

    def release(self) -> None:
        """Release every acquired port."""
        for lock in self._locks.values():
            lock.close()
        self._locks.clear()

    def _lock(self, port: int) -> bool:
        lock = (self._folder / str(port)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._locks[port] = lock
        return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
