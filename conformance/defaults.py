"""The settings that tests run with."""

from typing import Any

from core.settings import Settings, load

SECRET_KEY = "a-key-of-tests-that-signs-nothing-else"


def settings_for(url: str, **changes: Any) -> Settings:
    """The defaults, the cheapest hashes and ``changes``; neither the environment nor ``.env`` is read."""
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    cheapest = {"argon2_time_cost": 1, "argon2_memory_cost": 8, "argon2_parallelism": 1}
    return load(**{**defaults, **cheapest, "database_url": url, **changes}, _env_file=None)


def protected_settings_for(url: str, **changes: Any) -> Settings:
    """As ``settings_for``, with authentication and without a rate limit."""
    return settings_for(url, **{"auth": "required", "secret_keys": SECRET_KEY, "rate_limit": "off", **changes})
