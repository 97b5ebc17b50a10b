"""The entry point of the plugin: the backends for MongoDB and mongomock."""

from collections.abc import Sequence

from backends.mongo.backend import MongoBackend, MongomockBackend
from core.plugins import hookimpl
from core.storage import Backend


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """MongoDB on servers, and mongomock in process."""
    return [MongoBackend(), MongomockBackend()]
