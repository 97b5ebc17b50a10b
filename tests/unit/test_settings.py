"""Settings: their sources, and invalid values."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import DEFAULT_URL, PoolClass, Settings, load


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and an environment without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_default_storage_is_a_local_file() -> None:
    settings = load()
    assert settings.url == DEFAULT_URL == "sqlite:///./stockroom.db"
    assert settings.storage_backend is None
    assert settings.pool_class is PoolClass.QUEUE


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "acme://somewhere/shop")
    monkeypatch.setenv("STORAGE_BACKEND", "acme")
    monkeypatch.setenv("POOL_SIZE", "7")
    monkeypatch.setenv("POOL_CLASS", "null")
    monkeypatch.setenv("DATABASE_ECHO", "true")
    settings = load()
    assert (settings.url, settings.storage_backend) == ("acme://somewhere/shop", "acme")
    assert (settings.pool_size, settings.pool_class, settings.database_echo) == (7, PoolClass.NULL, True)


def test_dot_env_is_read(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("APP_NAME=Läden\nPOOL_TIMEOUT=2.5\nUNRELATED=1\n", encoding="utf-8")
    assert (load().app_name, load().pool_timeout) == ("Läden", 2.5)


def test_arguments_win_over_environment_over_dot_env(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / ".env").write_text("APP_NAME=file\n")
    assert load().app_name == "file"
    monkeypatch.setenv("APP_NAME", "environment")
    assert load().app_name == "environment"
    assert load(app_name="argument").app_name == "argument"


BAD = {
    "DATABASE_ECHO": ["maybe", "2"],
    "DATABASE_TIMEOUT": ["0", "-1", "3601", "nan", "inf", "soon"],
    "DEBUG": ["perhaps"],
    "TRACING": ["otlp", ""],
    "AUTH": ["on", "OFF", ""],
    "SECRET_KEYS": ["short", "k" * 31, "k" * 32 + ",short", "k" * 32 + ","],
    "ACCESS_TOKEN_SECONDS": ["0", "86401"],
    "REFRESH_TOKEN_SECONDS": ["0", "31536001"],
    "LOGIN_ATTEMPTS": ["0", "10001"],
    "LOGIN_WINDOW_SECONDS": ["0", "86401"],
    "TRUSTED_NETWORKS": ["x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8 fd00::/8", "*"],
    "CORS_ORIGINS": ["*", "shop.example", "https://shop.example/", "https://", "https://a,", "null", "ftp://a"],
    "RATE_LIMIT": [
        "on",
        "OFF",
        "0/second",
        "100",
        "100/day",
        "1.5/second",
        "-1/second",
        "100 / second",
        "10000000/hour",
    ],
    "MAX_BODY_SIZE": ["1023", "1073741825", "1MB"],
    "BODY_TIMEOUT": ["0", "3601", "nan"],
    "MAX_REQUESTS": ["0", "1000001"],
    "POOL_SIZE": ["0", "-1", "1001", "ten", "1.5", ""],
    "POOL_MAX_OVERFLOW": ["-1", "1001", "many"],
    "POOL_TIMEOUT": ["0", "-1", "301", "nan", "inf", "soon"],
    "POOL_RECYCLE": ["-2", "x"],
    "POOL_PRE_PING": ["x"],
    "POOL_CLASS": ["QUEUE", "none", ""],
    "ARGON2_TIME_COST": ["0", "101"],
    "ARGON2_MEMORY_COST": ["7", "4194305"],
    "ARGON2_PARALLELISM": ["0", "65"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_value_names_the_setting(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as error:
        load()
    assert error.value.detail.startswith(f"{name}: ")
    assert "\n" not in error.value.detail


def test_every_bad_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_SIZE", "0")
    monkeypatch.setenv("POOL_CLASS", "x")
    with pytest.raises(ConfigurationError, match=r"POOL_SIZE: .*; POOL_CLASS: "):
        load()


def test_contradicting_hash_settings_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGON2_MEMORY_COST", "31")
    monkeypatch.setenv("ARGON2_PARALLELISM", "4")
    with pytest.raises(ConfigurationError, match=r"ARGON2_MEMORY_COST.*ARGON2_PARALLELISM"):
        load()


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        ("", []),
        (" ", []),
        ("10.0.0.5", ["10.0.0.5/32"]),
        ("172.17.0.0/16, fd00::/8", ["172.17.0.0/16", "fd00::/8"]),
    ],
)
def test_networks_are_separated_by_commas(given: str, networks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_NETWORKS", given)
    assert [str(network) for network in load().networks] == networks


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().origins == []
    monkeypatch.setenv("CORS_ORIGINS", "https://shop.example , http://localhost:5173,http://[::1]:80")
    assert load().origins == ["https://shop.example", "http://localhost:5173", "http://[::1]:80"]


def test_password_in_the_url_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "acme://user:hunter2@db/shop")
    settings = load()
    assert "hunter2" in settings.url
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_password_is_not_in_the_error_of_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "acme://user:hunter2@db/shop")
    monkeypatch.setenv("POOL_SIZE", "hunter2")
    with pytest.raises(ConfigurationError) as error:
        load()
    assert "hunter2" not in error.value.detail


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().pool_size = 5  # type: ignore[misc]


def test_auth_without_key_is_refused_with_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH", "required")
    with pytest.raises(ConfigurationError) as error:
        load()
    assert "SECRET_KEYS" in error.value.detail
    command = error.value.detail.partition("Make one with: ")[2]
    made = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], capture_output=True, text=True, check=True
    ).stdout.strip()
    monkeypatch.setenv("SECRET_KEYS", made)
    assert load().keys == [made]


def test_secret_keys_are_split_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEYS", f"{'new' * 11} , {'old' * 11}")
    settings = load()
    assert settings.keys == ["new" * 11, "old" * 11]
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "newnew" not in shown
    assert "oldold" not in shown


def test_invalid_secret_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEYS", "hunter2")
    with pytest.raises(ConfigurationError) as error:
        load()
    assert "hunter2" not in error.value.detail
