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
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import split_options
from typing_extensions import override

__all__ = [
    "APP_NAME",
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
    "PoolLogger",
    "PyMongoError",
    "ReturnDocument",
    "ServerSelectionTimeoutError",
    "UpdateOne",
    "WriteConcernError",
    "build_transaction_options",
    "create_client",
    "create_session",
    "find_unusable_option",
    "get_server_session",
    "monitoring",
    "timeout",
]

Document = dict[str, Any]
AsyncClient = Client[Document]

MAJORITY = WriteConcern("majority")

APP_NAME = "stockroom"
"""The name of the application in the server's lists of connections and transactions."""

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


class PoolLogger(monitoring.ConnectionPoolListener):
    """Logs what becomes of each connection, for ``POOL_ECHO``, in the words that the SQL databases use."""

    @override
    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        self._log("connect", event)

    @override
    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        self._log("checkout", event)

    @override
    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        self._log("checkin", event)

    @override
    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        self._log("invalidate", event)

    def _log(self, name: str, event: Any) -> None:
        logger.info("%s connection %s of %s:%s", name, event.connection_id, *event.address)

    @override
    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None: ...
    @override
    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None: ...
    @override
    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None: ...
    @override
    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None: ...
    @override
    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None: ...
    @override
    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None: ...
    @override
    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None: ...


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
    return Client(url, tz_aware=True, tzinfo=UTC, appname=APP_NAME, event_listeners=listeners, **options)


def create_session(client: AsyncClient) -> Any:
    """A new session. Costs no round trip, and no change of thread as Motor's own ``start_session`` would.

    Untyped, because Motor's type stubs declare properties of sessions as methods.
    """
    return AsyncIOMotorClientSession(client.delegate.start_session(), client)


def get_server_session(session: Any) -> Any:
    """What the driver knows of a session on the server: it is ``dirty`` once a connection was lost in a command."""
    return session.delegate._server_session


def build_transaction_options(url_concern: WriteConcern) -> Mapping[str, Any]:
    """Options of every transaction: a snapshot of the primary, and the URL's write concern or else the majority."""
    return {
        "read_concern": ReadConcern("snapshot"),
        "write_concern": MAJORITY if url_concern.is_server_default else url_concern,
        "read_preference": ReadPreference.PRIMARY,
    }
