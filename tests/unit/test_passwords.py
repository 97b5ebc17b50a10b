"""Password hashes."""

import threading

import argon2
import pytest

from conformance.defaults import settings_for
from core.passwords import PasswordHasher

PASSWORD = "SecurePass123"


@pytest.fixture
def hasher() -> PasswordHasher:
    """With the cheapest parameters."""
    return PasswordHasher(settings_for("sqlite:///unused.db"))


async def test_hash_is_argon2id_with_parameters_of_settings() -> None:
    settings = settings_for("sqlite:///unused.db", argon2_time_cost=2, argon2_memory_cost=64, argon2_parallelism=3)
    hashed = await PasswordHasher(settings).hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=64,t=2,p=3$")
    found = argon2.extract_parameters(hashed)
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (argon2.Type.ID, 64, 2, 3)


async def test_defaults_are_low_memory_profile_of_rfc_9106() -> None:
    from core.settings import Settings  # noqa: PLC0415 - the other tests must not read them

    fields = Settings.model_fields
    given = {name: fields[f"argon2_{name}"].default for name in ("time_cost", "memory_cost", "parallelism")}
    profile = argon2.profiles.RFC_9106_LOW_MEMORY
    assert given == {name: getattr(profile, name) for name in given}


async def test_hash_verifies_its_password_only(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(PASSWORD)
    assert argon2.PasswordHasher().verify(hashed, PASSWORD)
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(hashed, PASSWORD + "4")


async def test_hashes_of_one_password_differ(hasher: PasswordHasher) -> None:
    assert await hasher.hash(PASSWORD) != await hasher.hash(PASSWORD)


async def test_hashing_runs_in_another_thread(hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    original = argon2.PasswordHasher.hash

    def recorded(self: argon2.PasswordHasher, password: str) -> str:
        threads.append(threading.current_thread())
        return original(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", recorded)
    await hasher.hash(PASSWORD)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
