"""Settings, read from the environment and from ``.env``; each field is the variable of the same name in upper case."""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError
from core.urls import check_credentials

DEFAULT_URL = "sqlite:///./stockroom.db"

_SHORTEST_KEY = 32
_MAKE_A_KEY = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_RATE = re.compile(r"(off|[1-9][0-9]{0,6}/(second|minute|hour))?")
_DEFAULT_RATE = "100/second"
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]{1,100}){0,10}")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


class Auth(StrEnum):
    """Whether clients must authenticate."""

    OFF = "off"
    REQUIRED = "required"


class PoolClass(StrEnum):
    """How connections are pooled."""

    QUEUE = "queue"
    NULL = "null"
    STATIC = "static"


class IsolationLevel(StrEnum):
    """What a unit of work sees of others, from least to most isolated."""

    READ_COMMITTED = "read-committed"
    REPEATABLE_READ = "repeatable-read"
    SERIALIZABLE = "serializable"

    @property
    def sql(self) -> str:
        """Its name in the SQL standard."""
        return self.value.replace("-", " ").upper()


class Settings(BaseSettings):
    """Everything an operator can set. The text of each attribute is the setting's row in ``docs/settings.md``.

    Attributes:
        database_url: URL of the database. Its scheme selects the backend, ``+driver`` behind the scheme the driver. It
            may contain a password, which is percent-encoded, and so is never printed or logged. See
            docs/connecting.md.
        storage_backend: Name of the backend, if the scheme is not to select it. The backend must accept the scheme of
            ``DATABASE_URL``.
        database_echo: Log every statement sent to the database, without its values.
        database_timeout: Seconds the database has to answer one statement. After that the request gets a 503 and its
            connection is closed. Keep it above the 5 s that a statement may wait for a lock, and above the slowest
            statement that you need.
        idle_transaction_timeout: Seconds that the database waits for the next statement of a transaction, before it
            rolls back and releases its locks, as when the network to a process is cut. PostgreSQL, MySQL and MariaDB;
            see docs/pools.md#clients-that-vanish.
        isolation_level: Isolation of units of work. PostgreSQL, MySQL and MariaDB offer all three levels, by default
            ``read-committed``; SQLite offers ``serializable``, which it always has; MongoDB and mongomock offer no
            choice. The guarantees hold at each level; a higher one makes more units of work run again.
        app_name: Title of the API, in ``GET /`` and in the API document.
        debug: Log in detail, as text for people instead of JSON.
        tracing: Send traces to the collector that the ``OTEL_…`` variables name. Needs the extra ``tracing``; see
            docs/monitoring.md#traces.
        auth: ``off``: no log-in; only this machine and ``TRUSTED_NETWORKS`` are served. ``required``: every address is
            served, and requests that are not public need a log-in; docs/access.md lists them.
        secret_keys: Keys that sign access tokens and cursors, each of at least 32 characters, separated by commas: the
            first one signs, all of them verify. ``AUTH=required`` needs one; there is no default, and they are never
            printed or logged. See docs/settings.md#logging-in.
        access_token_seconds: Lifetime of an access token. Clients then refresh it. An ended session ends at once,
            whatever this says.
        refresh_token_seconds: Lifetime of a session that is not refreshed.
        login_attempts: Failed log-ins allowed per name within the window; per address ten times as many.
        login_window_seconds: Seconds that a failed log-in counts, from the first one on.
        idempotency_seconds: Seconds that the response to a request with an ``Idempotency-Key`` is kept; see
            docs/api.md#idempotency.
        order_payment_seconds: Seconds after which a pending order that was not paid is cancelled and its stock
            restored; 0 for never. Swept at least every minute by each process, so an order may be paid a little later.
        trusted_networks: Networks, separated by commas, such as ``172.17.0.0/16, fd00::/8``. With ``AUTH=off`` their
            clients may do everything; see docs/settings.md#which-clients-are-served. With ``AUTH=required`` they may
            read ``/health`` and ``/metrics`` without a token, and nothing more.
        root_path: Path below which a proxy serves the API, such as ``/shop``; also ``--root-path``. See
            docs/settings.md#behind-a-path.
        cors_origins: Origins, separated by commas, whose pages may use the API in a browser, such as
            ``https://shop.example, http://localhost:5173``. Pages of other sites cannot.
        max_body_size: Maximum size of a body in bytes; a larger one gets a 413. The default has room for a bulk of a
            thousand entities with long texts.
        body_timeout: Seconds a client has to send a body; after that it gets a 408.
        max_requests: Maximum number of requests in progress per process; further ones get a 503 at once, except
            ``/livez`` and ``/metrics``.
        rate_limit: Requests of one client per process: ``off``, or a rate such as ``100/second``, ``1000/minute``,
            ``5000/hour``. Empty means ``off`` with ``AUTH=off``, and ``100/second`` with ``AUTH=required``. See
            docs/security.md#rate-limits.
        pool_size: Connections kept open per process. Processes × (size + overflow) must stay below the limit of the
            database server.
        pool_max_overflow: Additional connections under load. Each is closed when it is released, which costs more than
            waiting for a pooled one; see docs/pools.md.
        pool_timeout: Seconds a request waits for a connection before it gets a 503.
        pool_recycle: Seconds after which a connection is replaced; ``-1`` for never. Keep it below the idle timeout of
            the database and of any proxy in between.
        pool_pre_ping: Test each connection before it is used: one more round trip per request. SQL databases only.
        pool_class: ``queue`` keeps connections; ``null`` opens and closes one per use, for serverless functions or
            behind an external pooler; ``static`` keeps a single one, for tests.
        pool_echo: Log each connection that is opened (``connect``), handed out (``checkout``), given back
            (``checkin``), or thrown away (``invalidate``). Not on mongomock, which has none.
        argon2_time_cost: Passes of the password hash.
        argon2_memory_cost: Memory of one password hash in KiB, at least 8 × ``ARGON2_PARALLELISM``. A process computes
            at most two hashes at the same time.
        argon2_parallelism: Threads of one password hash.
    """

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr(DEFAULT_URL)
    storage_backend: str | None = None
    database_echo: bool = False
    database_timeout: float = Field(default=30.0, gt=0, le=3600)
    idle_transaction_timeout: int = Field(default=10, ge=1, le=3600)
    isolation_level: IsolationLevel | None = None
    app_name: str = "Stockroom"
    debug: bool = False
    tracing: bool = False
    auth: Auth = Auth.OFF
    secret_keys: SecretStr = SecretStr("")
    access_token_seconds: int = Field(default=900, ge=1, le=86_400)
    refresh_token_seconds: int = Field(default=1_209_600, ge=1, le=31_536_000)
    login_attempts: int = Field(default=10, ge=1, le=10_000)
    login_window_seconds: int = Field(default=900, ge=1, le=86_400)
    idempotency_seconds: int = Field(default=86_400, ge=1, le=31_536_000)
    order_payment_seconds: int = Field(default=0, ge=0, le=31_536_000)
    trusted_networks: str = ""
    root_path: str = ""
    cors_origins: str = ""
    max_body_size: int = Field(default=16_777_216, ge=1024, le=1_073_741_824)
    body_timeout: float = Field(default=30.0, gt=0, le=3600)
    max_requests: int = Field(default=1000, ge=1, le=1_000_000)
    rate_limit: str = ""
    pool_size: int = Field(default=10, ge=1, le=1000)
    pool_max_overflow: int = Field(default=0, ge=0, le=1000)
    pool_timeout: float = Field(default=10.0, gt=0, le=300)
    pool_recycle: int = Field(default=1800, ge=-1)
    pool_pre_ping: bool = False
    pool_class: PoolClass = PoolClass.QUEUE
    pool_echo: bool = False
    argon2_time_cost: int = Field(default=3, ge=1, le=100)
    argon2_memory_cost: int = Field(default=65_536, ge=8, le=4_194_304)
    argon2_parallelism: int = Field(default=4, ge=1, le=64)

    @field_validator("isolation_level", mode="before")
    @classmethod
    def _empty_isolation_level(cls, value: object) -> object:
        return value or None

    @field_validator("database_url")
    @classmethod
    def _validate_database_url(cls, value: SecretStr) -> SecretStr:
        check_credentials(value.get_secret_value())
        return value

    @field_validator("secret_keys")
    @classmethod
    def _validate_secret_keys(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < _SHORTEST_KEY for key in _split_csv(value.get_secret_value())):
            raise ValueError(f"each key needs at least {_SHORTEST_KEY} characters. {_MAKE_A_KEY}")
        return value

    @field_validator("trusted_networks")
    @classmethod
    def _validate_trusted_networks(cls, value: str) -> str:
        try:
            _networks(value)
        except ValueError:
            raise ValueError("must be networks such as 172.17.0.0/16, separated by commas") from None
        return value

    @field_validator("rate_limit")
    @classmethod
    def _validate_rate_limit(cls, value: str) -> str:
        if not _RATE.fullmatch(value):
            raise ValueError("must be off, or a figure such as 100/second, 1000/minute, 5000/hour")
        return value

    @field_validator("root_path")
    @classmethod
    def _validate_root_path(cls, value: str) -> str:
        if not is_root_path(value.rstrip("/")):
            raise ValueError("must be a path such as /shop, of letters, digits and . _ ~ -")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _validate_cors_origins(cls, value: str) -> str:
        if not all(_ORIGIN.fullmatch(origin) for origin in _split_csv(value)):
            raise ValueError("must be origins such as https://shop.example, separated by commas")
        return value

    @model_validator(mode="after")
    def _hash_memory(self) -> Self:
        if self.argon2_memory_cost < 8 * self.argon2_parallelism:
            raise ValueError("ARGON2_MEMORY_COST must be at least 8 times ARGON2_PARALLELISM")
        return self

    @model_validator(mode="after")
    def _require_secret_key(self) -> Self:
        if self.auth is Auth.REQUIRED and not self.keys:
            raise ValueError(f"AUTH=required needs a key in SECRET_KEYS. {_MAKE_A_KEY}")
        return self

    @property
    def keys(self) -> list[str]:
        """The secret keys in clear text, for signing and verifying."""
        return _split_csv(self.secret_keys.get_secret_value())

    @property
    def networks(self) -> "tuple[Network, ...]":
        """The trusted networks."""
        return _networks(self.trusted_networks)

    @property
    def origins(self) -> list[str]:
        """The origins of pages that may use the API."""
        return _split_csv(self.cors_origins)

    @property
    def rate(self) -> str | None:
        """The rate limit of one client, as in ``100/second``; None where there is no limit."""
        chosen = self.rate_limit or (_DEFAULT_RATE if self.auth is Auth.REQUIRED else "off")
        return None if chosen == "off" else chosen

    @property
    def url(self) -> str:
        """The database URL in clear text, for connecting."""
        return self.database_url.get_secret_value()


Network = IPv4Network | IPv6Network


def is_root_path(given: str) -> bool:
    """Whether a text can be the path below which the API is served; empty for the root."""
    return _ROOT_PATH.fullmatch(given) is not None


def _networks(given: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, _split_csv(given)))


def _split_csv(given: str) -> list[str]:
    return [name.strip() for name in given.split(",")] if given.strip() else []


def load(**overrides: Any) -> Settings:
    """Settings from the environment, ``.env`` and ``overrides``, the last winning.

    Raises:
        ConfigurationError: a value is not allowed; names the setting.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(
            "; ".join(map(_format_error, error.errors(include_url=False, include_input=False)))
        ) from None


def _format_error(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    message = str(error["msg"]).removeprefix("Value error, ")  # which pydantic puts before words of ours
    return f"{name}: {message}" if name else message
