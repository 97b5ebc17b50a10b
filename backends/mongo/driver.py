"""The only module that imports the driver: Motor and, below it, PyMongo. Another driver would be adapted here.

Motor runs each command in a thread of an executor that all clients of a process share, with five threads per core;
``MOTOR_MAX_WORKERS`` sets another number.
"""

import logging
import warnings
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from bson.int64 import Int64
from motor.motor_asyncio import AsyncIOMotorClient as Client
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import IndexModel, ReadPreference, ReturnDocument, UpdateOne, WriteConcern, monitoring, timeout
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
from pymongo.uri_parser import split_options
from typing_extensions import override

__all__ = [
    "HANDSHAKE_COMMANDS",
    "MAJORITY",
    "AsyncClient",
    "BulkWriteError",
    "CommandLogger",
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
    "build_transaction_options",
    "create_client",
    "create_session",
    "find_unusable_option",
    "monitoring",
    "timeout",
]

Document = dict[str, Any]
AsyncClient = Client[Document]

MAJORITY = WriteConcern("majority")

HANDSHAKE_COMMANDS = {"hello", "ismaster", "saslStart", "saslContinue", "authenticate"}
"""Commands that open a connection and belong to no request."""

logger = logging.getLogger(__name__)


class CommandLogger(monitoring.CommandListener):
    """Logs every command by name and collection, for ``DATABASE_ECHO``.

    A client without a listener reads one document in an eighth less time.
    """

    @override
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name not in HANDSHAKE_COMMANDS:
            target = event.command.get(event.command_name) if event.command else ""
            logger.info("%s %s", event.command_name, target)

    @override
    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...
    @override
    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def find_unusable_option(query: str) -> str | None:
    """The name of an option of a connection string that the driver would leave out with a warning, if there is one."""
    for option in filter(None, query.split("&")):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            try:
                split_options(option)
            except (PyMongoError, OSError, ValueError, TypeError):
                return option.partition("=")[0]
        if found:
            return option.partition("=")[0]
    return None


def create_client(url: str, listeners: list[Any], options: Mapping[str, Any]) -> AsyncClient:
    """A client that connects with its first command; ``options`` by their names in the connection string."""
    return Client(url, tz_aware=True, tzinfo=UTC, appname="stockroom", event_listeners=listeners, **options)


def create_session(client: AsyncClient) -> Any:
    """A new session. Costs no round trip, and no change of thread as Motor's own ``start_session`` would.

    Untyped, because Motor's type stubs declare properties of sessions as methods.
    """
    return AsyncIOMotorClientSession(client.delegate.start_session(), client)


def build_transaction_options(url_concern: WriteConcern) -> Mapping[str, Any]:
    """Options of every transaction: a snapshot of the primary, and the URL's write concern or else the majority."""
    return {
        "read_concern": ReadConcern("snapshot"),
        "write_concern": MAJORITY if url_concern.is_server_default else url_concern,
        "read_preference": ReadPreference.PRIMARY,
    }
