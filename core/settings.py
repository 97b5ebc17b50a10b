"""Settings, read from the environment and from ``.env``; each field is the variable of the same name in upper case."""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError

DEFAULT_URL = "sqlite:///./stockroom.db"

_SHORTEST_KEY = 32
_MAKE_A_KEY = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_RATE = re.compile(r"(off|[1-9][0-9]{0,6}/(second|minute|hour))?")
_DEFAULT_RATE = "100/second"
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


class Settings(BaseSettings):
    """All settings.

    Attributes:
        database_url: which database; its scheme chooses the backend. May hold a password, so it is never shown.
        storage_backend: name of the backend, where the scheme is not to choose.
        database_echo: log every statement.
        database_timeout: seconds the database has to answer one statement, before the request is answered 503.
        app_name: title of the API.
        debug: log in detail, for people.
        tracing: send traces to where the ``OTEL_...`` variables say; needs the extra ``tracing``.
        auth: ``off``: requests from this machine and ``trusted_networks`` only. ``required``: from any address; what is
            not public needs a log-in.
        secret_keys: keys that access tokens are signed with, separated by commas; the first signs, every one verifies.
        access_token_seconds: lifetime of an access token.
        refresh_token_seconds: lifetime of a session without a refresh.
        login_attempts: log-ins that may fail for one name in the window; for one address ten times as many.
        login_window_seconds: how long a failed log-in counts.
        idempotency_seconds: how long the answer to a request with an ``Idempotency-Key`` is kept.
        trusted_networks: networks whose clients may do everything, separated by commas; where ``auth`` is required,
            they may read health and metrics without a token.
        cors_origins: origins of pages that may use the API in a browser, separated by commas.
        max_body_size: bytes of a body at most.
        body_timeout: seconds that a client has to send a body.
        max_requests: requests in progress in a process at most; more are answered 503.
        rate_limit: requests of one client per process: ``off``, or as in ``100/second`` (``minute``, ``hour``); by
            default that figure if ``auth`` is required, else off.
        pool_size: connections kept open.
        pool_max_overflow: further connections under load; each is closed as soon as it is given back.
        pool_timeout: seconds a request waits for a connection before it is answered 503.
        pool_recycle: seconds after which a connection is replaced; -1 for never.
        pool_pre_ping: test each connection before it is used; one more round trip per request. SQL only.
        pool_class: ``queue``; ``null`` opens and closes one per use (serverless); ``static`` keeps one (tests).
        argon2_time_cost: passes of the password hash.
        argon2_memory_cost: memory of the password hash, in KiB.
        argon2_parallelism: threads of the password hash.
    """

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr(DEFAULT_URL)
    storage_backend: str | None = None
    database_echo: bool = False
    database_timeout: float = Field(default=30.0, gt=0, le=3600)
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
    trusted_networks: str = ""
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
    argon2_time_cost: int = Field(default=3, ge=1, le=100)
    argon2_memory_cost: int = Field(default=65_536, ge=8, le=4_194_304)
    argon2_parallelism: int = Field(default=4, ge=1, le=64)

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
