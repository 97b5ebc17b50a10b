"""What the entry point names: MongoDB, and mongomock."""

from collections.abc import Sequence

from backends.mongo.backend import MongoBackend, MongomockBackend
from core.plugins import hookimpl
from core.storage import Backend


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """One backend for servers, one in process."""
    return [MongoBackend(), MongomockBackend()]
