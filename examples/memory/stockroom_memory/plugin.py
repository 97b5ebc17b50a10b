"""What the entry point names."""

from collections.abc import Sequence

from core.plugins import hookimpl
from core.storage import Backend
from stockroom_memory.backend import MemoryBackend


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """The one backend of this package."""
    return [MemoryBackend()]
