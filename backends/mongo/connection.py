"""Connects to a server: options of the driver from the settings, checks at opening, errors for the operator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from beanie import init_beanie

from backends.mongo import driver
from backends.mongo.diagnosis import explain_unreachable
from backends.mongo.documents import DOCUMENTS, BaseDocument
from backends.mongo.driver import AsyncClient, CommandLogger, PoolLogger, PyMongoError, ServerSelectionTimeoutError
from backends.mongo.error_codes import AUTHENTICATION_FAILED, UNAUTHORIZED
from backends.mongo.errors import get_code, translate_outside_units
from backends.mongo.migrations import REVISIONS
from backends.mongo.replica_set import ReplicaSetEngine
from backends.mongo.schema_editor import SchemaEditor
from core.errors import ConfigurationError, StockroomError
from core.settings import PoolClass, Settings
from core.storage import Capabilities

DEFAULT_DATABASE = "stockroom"

_DEFAULT_TIMEOUTS = {"serverselectiontimeoutms": 5000, "connecttimeoutms": 5000}
"""Milliseconds until a request is answered 503 while no server answers, unless the URL sets them."""

_COMMAND_TIMEOUTS = {"timeoutms", "sockettimeoutms"}
"""Options of the URL that replace ``database_timeout``."""

_STANDALONE = (
    "DATABASE_URL names a standalone MongoDB server, which has no transactions. Make it a replica set of one node: "
    "start it with `mongod --replSet rs0 ...` (or set `replication.replSetName: rs0` in its configuration), then run "
    "`mongosh --eval 'rs.initiate()'` once."
)
_NOT_INITIATED = (
    "DATABASE_URL names a MongoDB server that waits to become a replica set. Run `mongosh --eval 'rs.initiate()'` once."
)


async def open_replica_set(settings: Settings, max_connections: int, capabilities: Capabilities) -> ReplicaSetEngine:
    """Connect and check the server.

    Raises:
        ConfigurationError: as ``Backend.open``.
    """
    client = _create_client(settings, max_connections, has_timeout=True)
    try:
        await _check_transactions(client)
        version = (await client.server_info())["version"]
        database = _get_database(client, settings)
        collections = await init_documents(database)
    except PyMongoError as error:
        refusal = await _connect_error(client, settings, error)
        client.close()
        raise refusal from error
    except StockroomError:
        client.close()
        raise
    collections[REVISIONS] = database[REVISIONS]
    server, timeout = f"MongoDB {version}", settings.database_timeout
    return ReplicaSetEngine(client, collections, server, capabilities, command_timeout=timeout)


@asynccontextmanager
async def open_schema_editor(settings: Settings) -> AsyncIterator[SchemaEditor]:
    """A connection for migrations, whose commands have no timeout."""
    client = _create_client(settings, 2, has_timeout=False)
    try:
        await _check_transactions(client)
        yield SchemaEditor.with_majority(_get_database(client, settings))
    except PyMongoError as error:
        raise await _connect_error(client, settings, error) from error
    finally:
        client.close()


async def init_documents(database: Any) -> dict[str, Any]:
    """Initialize Beanie for a database; the driver's collections by name.

    Beanie binds a class to one database per process. Two storages in one process would take the classes from each
    other, so each storage binds subclasses of its own, in 20 ms for all. Indexes are created by migrations.
    """
    own = [_subclass(document) for document in DOCUMENTS]
    await init_beanie(database, document_models=own, skip_indexes=True)
    return {document.get_collection_name(): document.get_motor_collection() for document in own}


def _subclass(document: type[BaseDocument]) -> type[BaseDocument]:
    body = {"__module__": document.__module__, "__doc__": document.__doc__}
    return type(document.__name__, (document,), body)


def _create_client(settings: Settings, max_connections: int, *, has_timeout: bool) -> AsyncClient:
    scheme, _, rest = settings.url.partition("://")
    url = f"{scheme.removesuffix('+motor')}://{rest}"
    given = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
    options: dict[str, Any] = {name: value for name, value in _DEFAULT_TIMEOUTS.items() if name not in given}
    options |= {"maxpoolsize": max_connections, "waitqueuetimeoutms": int(settings.pool_timeout * 1000)}
    if has_timeout and not given & _COMMAND_TIMEOUTS:
        # Not timeoutMS: with that the driver ignores serverSelectionTimeoutMS and wtimeoutMS.
        options["sockettimeoutms"] = max(1, int(settings.database_timeout * 1000))
    if settings.pool_class is PoolClass.NULL:
        options["maxidletimems"] = 1
    elif settings.pool_recycle > 0:
        options["maxidletimems"] = settings.pool_recycle * 1000
    if unusable := driver.find_unusable_option(urlsplit(url).query):
        raise ConfigurationError(
            f"DATABASE_URL: MongoDB has no parameter {unusable!r}, or not with this value. See docs/connecting.md."
        )
    try:
        listeners = [CommandLogger()] * settings.database_echo + [PoolLogger()] * settings.pool_echo
        return driver.create_client(url, listeners, options)
    except (driver.ConfigurationError, driver.InvalidURI, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"DATABASE_URL is not a usable MongoDB URL ({type(error).__name__}). User name and password must be "
            "percent-encoded, the port a number. An example: mongodb://localhost:27017/stockroom?replicaSet=rs0"
        ) from None


def _get_database(client: AsyncClient, settings: Settings) -> Any:
    name = urlsplit(settings.url).path.strip("/") or DEFAULT_DATABASE
    try:
        return client[name]
    except PyMongoError:
        raise ConfigurationError(
            "DATABASE_URL: the database's name has characters that MongoDB does not allow."
        ) from None


async def _check_transactions(client: AsyncClient) -> None:
    """Refuse a standalone server. Replica sets and sharded clusters can do all that the backend declares."""
    hello = await client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ConfigurationError(_STANDALONE)


async def _connect_error(client: AsyncClient, settings: Settings, error: PyMongoError) -> StockroomError:
    if get_code(error) in (AUTHENTICATION_FAILED, UNAUTHORIZED):
        return ConfigurationError(
            "MongoDB refused the user or password of DATABASE_URL, or the user may not use the database. "
            "Correct them, or grant the user readWrite and dbAdmin on it; `authSource` names where the user is kept."
        )
    if isinstance(error, ServerSelectionTimeoutError):
        topology: Any = client.topology_description  # a property, which Motor's stubs declare as a method
        servers = topology.server_descriptions()
        if not servers:
            return ConfigurationError(
                "DATABASE_URL: the servers belong to another replica set than the one that `replicaSet` names. "
                "`rs.conf()._id` in mongosh is its name."
            )
        if any(server.server_type_name == "RSGhost" for server in servers.values()):
            return ConfigurationError(_NOT_INITIATED)
        return ConfigurationError(f"DATABASE_URL: {await explain_unreachable(settings.url, servers)}")
    if isinstance(error, driver.ConfigurationError):
        return ConfigurationError(f"DATABASE_URL: MongoDB's driver cannot use it: {error}.")
    return translate_outside_units(error)
