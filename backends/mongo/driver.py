"""The one module that names the driver: Motor and, beneath it, PyMongo. Another driver would take its place here.

Motor runs each command in a thread of an executor that all clients of a process share, five threads for each core;
``MOTOR_MAX_WORKERS`` sets another number.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from bson.int64 import Int64
from motor.motor_asyncio import AsyncIOMotorClient as Client
from pymongo import IndexModel, ReadPreference, ReturnDocument, UpdateOne, WriteConcern, monitoring
from pymongo import timeout as at_most
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from pymongo.read_concern import ReadConcern

__all__ = [
    "MAJORITY",
    "AsyncClient",
    "BulkWriteError",
    "ConfigurationError",
    "ConnectionFailure",
    "Document",
    "DuplicateKeyError",
    "IndexModel",
    "Int64",
    "InvalidURI",
    "OperationFailure",
    "PyMongoError",
    "ReturnDocument",
    "ServerSelectionTimeoutError",
    "UpdateOne",
    "at_most",
    "client",
    "monitoring",
    "session",
    "transaction_options",
]

Document = dict[str, Any]
AsyncClient = Client[Document]

MAJORITY = WriteConcern("majority")


def client(url: str, listeners: list[Any], options: Mapping[str, Any]) -> AsyncClient:
    """A client that has not connected yet; ``options`` by their names in the connection string."""
    return Client(url, tz_aware=True, tzinfo=UTC, appname="stockroom", event_listeners=listeners, **options)


def session(client: AsyncClient) -> Any:
    """A new session. Nobody waits for it: the server hears of it with its first command."""
    return client.wrap(client.delegate.start_session())


def transaction_options(chosen: WriteConcern) -> Mapping[str, Any]:
    """Of every unit of work: a snapshot of the primary, acknowledged as the URL says, or else by the majority."""
    return {
        "read_concern": ReadConcern("snapshot"),
        "write_concern": MAJORITY if chosen.is_server_default else chosen,
        "read_preference": ReadPreference.PRIMARY,
    }
