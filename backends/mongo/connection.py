"""Reaching a server: the settings in the driver's words, the first contact, and what is wrong in words for people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from backends.mongo import driver
from backends.mongo.commands import CommandLog
from backends.mongo.definition import Definition, defined
from backends.mongo.documents.binding import bind
from backends.mongo.driver import AsyncClient, PyMongoError, ServerSelectionTimeoutError
from backends.mongo.errors import AUTHENTICATION_FAILED, UNAUTHORIZED, code_of, translate
from backends.mongo.replica import Replica
from backends.mongo.revisions import REVISIONS
from core.errors import ConfigurationError, StockroomError
from core.settings import PoolClass, Settings
from core.storage import Capabilities

DEFAULT_DATABASE = "stockroom"

_PATIENCE = {"serverselectiontimeoutms": 5000, "connecttimeoutms": 5000}
"""Milliseconds until a request is answered 503 while no server answers; where the URL does not say otherwise."""

_OWN_LIMITS = {"timeoutms", "sockettimeoutms"}
"""Whoever sets one of these in the URL says how long a command may take."""

_STANDALONE = (
    "DATABASE_URL names a standalone MongoDB server, which has no transactions. Make it a replica set of one node: "
    "start it with `mongod --replSet rs0 ...` (or set `replication.replSetName: rs0` in its configuration), then run "
    "`mongosh --eval 'rs.initiate()'` once."
)
_NOT_INITIATED = (
    "DATABASE_URL names a MongoDB server that waits to become a replica set. Run `mongosh --eval 'rs.initiate()'` once."
)


async def open_replica(settings: Settings, limit: int, declared: Capabilities) -> Replica:
    """Connect and look; see ``Backend.open``."""
    client = _client(settings, limit, bounded=True)
    try:
        await _require_transactions(client)
        version = (await client.server_info())["version"]
        database = _database(client, settings)
        collections = await bind(database)
    except PyMongoError as error:
        refusal = _refusal(client, error)
        client.close()
        raise refusal from error
    except StockroomError:
        client.close()
        raise
    collections[REVISIONS] = database[REVISIONS]
    return Replica(client, collections, f"MongoDB {version}", declared, patience=settings.database_timeout)


@asynccontextmanager
async def define(settings: Settings) -> AsyncIterator[Definition]:
    """A connection for migrations, which take as long as they take."""
    client = _client(settings, 2, bounded=False)
    try:
        await _require_transactions(client)
        yield defined(_database(client, settings))
    except PyMongoError as error:
        raise _refusal(client, error) from error
    finally:
        client.close()


def _client(settings: Settings, limit: int, *, bounded: bool) -> AsyncClient:
    scheme, _, rest = settings.url.partition("://")
    url = f"{scheme.removesuffix('+motor')}://{rest}"
    given = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
    options: dict[str, Any] = {name: value for name, value in _PATIENCE.items() if name not in given}
    options |= {"maxpoolsize": limit, "waitqueuetimeoutms": int(settings.pool_timeout * 1000)}
    if bounded and not given & _OWN_LIMITS:
        # Not timeoutMS: while that runs, the driver forgets serverSelectionTimeoutMS and wtimeoutMS.
        options["sockettimeoutms"] = max(1, int(settings.database_timeout * 1000))
    if settings.pool_class is PoolClass.NULL:
        options["maxidletimems"] = 1
    elif settings.pool_recycle > 0:
        options["maxidletimems"] = settings.pool_recycle * 1000
    try:
        return driver.client(url, [CommandLog()] if settings.database_echo else [], options)
    except (driver.ConfigurationError, driver.InvalidURI, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"DATABASE_URL is not a usable MongoDB URL ({type(error).__name__}). User name and password must be "
            "percent-encoded, the port a number. An example: mongodb://localhost:27017/stockroom?replicaSet=rs0"
        ) from None


def _database(client: AsyncClient, settings: Settings) -> Any:
    name = urlsplit(settings.url).path.strip("/") or DEFAULT_DATABASE
    try:
        return client[name]
    except PyMongoError:
        raise ConfigurationError(
            "DATABASE_URL: the database's name has characters that MongoDB does not allow."
        ) from None


async def _require_transactions(client: AsyncClient) -> None:
    """Refuse a standalone server. A replica set and a sharded cluster can do all that the backend declares."""
    hello = await client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ConfigurationError(_STANDALONE)


def _refusal(client: AsyncClient, error: PyMongoError) -> StockroomError:
    if code_of(error) in (AUTHENTICATION_FAILED, UNAUTHORIZED):
        return ConfigurationError(
            "MongoDB refused the user or password of DATABASE_URL, or the user may not use the database. "
            "Correct them, or grant the user readWrite and dbAdmin on it; `authSource` names where the user is kept."
        )
    if isinstance(error, ServerSelectionTimeoutError):
        servers = client.delegate.topology_description.server_descriptions()
        if any(server.server_type_name == "RSGhost" for server in servers.values()):
            return ConfigurationError(_NOT_INITIATED)
        places = ", ".join(f"{host}:{port}" for host, port in servers)
        return ConfigurationError(
            f"DATABASE_URL: nobody answers at {places}. Is the server running, and are host and port right?"
        )
    if isinstance(error, driver.ConfigurationError):
        return ConfigurationError(f"DATABASE_URL: MongoDB's driver cannot use it: {error}.")
    return translate(error)
