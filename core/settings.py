"""Settings, read from the environment and from ``.env``; each field is the variable of the same name in upper case."""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError

DEFAULT_URL = "sqlite:///./stockroom.db"


class PoolClass(StrEnum):
    """How connections are kept."""

    QUEUE = "queue"
    NULL = "null"
    STATIC = "static"


class Settings(BaseSettings):
    """Everything an operator can set.

    Attributes:
        database_url: which database; its scheme chooses the backend. May hold a password, so it is never shown.
        storage_backend: name of the backend, where the scheme is not to choose.
        database_echo: log every statement.
        database_timeout: seconds the database has to answer one statement, before the request is answered 503.
        app_name: title of the API.
        debug: log in detail, for people.
        pool_size: connections kept open.
        pool_max_overflow: further connections under load; each is closed as soon as it is given back.
        pool_timeout: seconds a request waits for a connection before it is answered 503.
        pool_recycle: seconds after which a connection is replaced; -1 for never.
        pool_pre_ping: ask each connection whether it lives before it is used; one more round trip per request.
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
    pool_size: int = Field(default=10, ge=1, le=1000)
    pool_max_overflow: int = Field(default=0, ge=0, le=1000)
    pool_timeout: float = Field(default=10.0, gt=0, le=300)
    pool_recycle: int = Field(default=1800, ge=-1)
    pool_pre_ping: bool = False
    pool_class: PoolClass = PoolClass.QUEUE
    argon2_time_cost: int = Field(default=3, ge=1, le=100)
    argon2_memory_cost: int = Field(default=65_536, ge=8, le=4_194_304)
    argon2_parallelism: int = Field(default=4, ge=1, le=64)

    @model_validator(mode="after")
    def _hash_memory(self) -> Self:
        if self.argon2_memory_cost < 8 * self.argon2_parallelism:
            raise ValueError("ARGON2_MEMORY_COST must be at least 8 times ARGON2_PARALLELISM")
        return self

    @property
    def url(self) -> str:
        """The database URL in the clear, for those who connect with it."""
        return self.database_url.get_secret_value()


def load(**overrides: Any) -> Settings:
    """Settings from the environment, ``.env`` and ``overrides``, the last winning.

    Raises:
        ConfigurationError: a value is not allowed; names the setting.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(
            "; ".join(map(_problem, error.errors(include_url=False, include_input=False)))
        ) from None


def _problem(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    return f"{name}: {error['msg']}" if name else str(error["msg"])
