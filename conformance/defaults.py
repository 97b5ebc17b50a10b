"""The settings that tests run with."""

from typing import Any

from core.settings import Settings, load

SECRET_KEY = "a-key-of-tests-that-signs-nothing-else"


def settings_for(url: str, **changes: Any) -> Settings:
    """The defaults, the cheapest hashes and ``changes``; neither the environment nor ``.env`` has a say."""
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    cheapest = {"argon2_time_cost": 1, "argon2_memory_cost": 8, "argon2_parallelism": 1}
    return load(**{**defaults, **cheapest, "database_url": url, **changes}, _env_file=None)


def protected_settings_for(url: str, **changes: Any) -> Settings:
    """As ``settings_for``, where clients must say who they are, and may ask as often as they like."""
    return settings_for(url, **{"auth": "required", "secret_keys": SECRET_KEY, "rate_limit": "off", **changes})
