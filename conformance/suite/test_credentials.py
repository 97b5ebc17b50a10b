"""Credentials: what a log-in reads from storage, and the superuser flag."""

from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI

from conformance.expiring import NOW, insert_or_lock, key_of, make_entry
from conformance.fixtures import RoundTrips
from conformance.interleaving import Rollback
from conformance.shop import Shop
from core import clock
from core.entities import Credentials, User, UserDraft
from core.services.versioning import bump_version, change
from core.storage import PageRequest, Storage, Transaction, UserFilter
from core.storage.sorts import NEWEST_FIRST

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZSBzYWx0IHdpdGggLw$" + "aB3+/" * 40
OTHER_HASH = "$argon2id$v=19$m=8,t=1,p=1$T1RIRVI$Zm9v "


async def register(storage: Storage, username: str, email: str, hashed: str = HASH) -> User:
    draft = UserDraft(username=username, email=email)
    [user] = await storage.run(lambda tx: tx.users.add([draft], [hashed], clock.now()))
    return user


async def find_hash(storage: Storage, name: str) -> str | None:
    credentials = await storage.users.credentials(name)
    assert credentials == await storage.run(lambda tx: tx.users.credentials(name))
    return None if credentials is None else credentials.password_hash


SPELLINGS = {
    "as it is": ("Ada_L", "Ada@example.com"),
    "upper case": ("ADA_L", "ADA@EXAMPLE.COM"),
    "lower case": ("ada_l", "ada@example.com"),
    "full width": ("ＡＤＡ＿Ｌ", "ａｄａ@example.com"),
    "styled": ("𝒜𝒹𝒶_L", "ⒶⒹⒶ@example.com"),
}


@pytest.mark.parametrize(("username", "email"), SPELLINGS.values(), ids=SPELLINGS)
async def test_credentials_are_found_in_any_spelling(
    storage: Storage, round_trips: RoundTrips, username: str, email: str
) -> None:
    await register(storage, "bob", "bob@example.com", OTHER_HASH)
    user = await register(storage, "Ada_L", "Ada@example.com")
    for name in (username, email):
        with round_trips() as made:
            assert await storage.users.credentials(name) == Credentials(user=user, password_hash=HASH)
        assert len(made) == 1, made
        assert await find_hash(storage, name) == HASH


async def test_email_of_any_script_is_found_folded(storage: Storage) -> None:
    emails = {"Straße@example.com": "STRASSE@EXAMPLE.COM", "Ἀσπίς@example.com": "ἈΣΠΊΣ@EXAMPLE.COM"}
    for number, (email, spelling) in enumerate(emails.items()):
        await register(storage, f"user_{number}", email, f"{HASH}{number}")
        assert await find_hash(storage, spelling) == await find_hash(storage, email) == f"{HASH}{number}"
    assert await find_hash(storage, "strase@example.com") is None


UNKNOWN = [
    "",
    "@",
    "ad",
    "ada_",
    "adaxl",
    "ada_l ",
    " ada_l",
    "ada_l@example.com",
    "example.com",
    "%",
    "a%",
    "a*",
    ".*",
    "ada_l' OR '1'='1",
    "ada_l\\",
    '{"$ne": null}',
    "ⓐda",
    "🦊",
    "a" * 10_000,
    "a@" * 5_000,
]


@pytest.mark.parametrize("name", UNKNOWN, ids=lambda name: ascii(name[:20]))
async def test_unknown_name_has_no_credentials(storage: Storage, round_trips: RoundTrips, name: str) -> None:
    await register(storage, "ada_l", "ada@example.com")
    with round_trips() as made:
        assert await storage.users.credentials(name) is None
    assert len(made) == 1, "as for a known user"
    assert await find_hash(storage, name) is None


async def test_username_and_email_are_not_confused(storage: Storage) -> None:
    await register(storage, "ada", "bob@example.com", HASH)
    await register(storage, "bob", "ada@example.com", OTHER_HASH)
    found = [await find_hash(storage, name) for name in ("ada", "bob@example.com", "bob", "ada@example.com")]
    assert found == [HASH, HASH, OTHER_HASH, OTHER_HASH]


async def test_password_hash_is_the_last_saved(storage: Storage) -> None:
    await register(storage, "bob", "bob@example.com", OTHER_HASH)
    user = await register(storage, "ada", "ada@example.com")

    async def save(tx: Transaction, new_hash: str | None, fails: bool = False) -> None:
        await tx.users.save(bump_version(await tx.users.lock(user.id)), new_hash)
        if fails:
            raise Rollback

    await storage.run(lambda tx: save(tx, OTHER_HASH))
    assert await find_hash(storage, "ada") == OTHER_HASH
    await storage.run(lambda tx: save(tx, None))
    assert await find_hash(storage, "ada") == OTHER_HASH, "None leaves it as it is"
    with pytest.raises(Rollback):
        await storage.run(lambda tx: save(tx, HASH, fails=True))
    assert await find_hash(storage, "ada") == await find_hash(storage, "bob") == OTHER_HASH


async def test_credentials_follow_user_changes(storage: Storage) -> None:
    user = await register(storage, "ada", "ada@example.com")
    changes = {"username": "Countess", "email": "countess@example.com", "is_active": False}
    changed = await storage.run(lambda tx: change(tx.users, user.id, changes))
    for name in ("countess", "COUNTESS@example.com"):
        assert await storage.users.credentials(name) == Credentials(user=changed, password_hash=HASH)
    assert [await find_hash(storage, name) for name in ("ada", "ada@example.com")] == [None, None]
    await storage.run(lambda tx: tx.users.delete(user.id, clock.now()))
    assert await find_hash(storage, "countess") is None


async def test_superuser_flag_is_in_every_read(storage: Storage) -> None:
    user = await register(storage, "ada", "ada@example.com")
    await insert_or_lock(storage, make_entry("key", user_id=user.id))
    for is_superuser in (True, False):

        async def save(tx: Transaction, is_superuser: bool = is_superuser) -> User:
            made = bump_version(replace(await tx.users.lock(user.id), is_superuser=is_superuser))
            await tx.users.save(made)
            return made

        made = await storage.run(save)
        credentials = await storage.users.credentials("ada")
        assert credentials is not None
        assert credentials.user == made
        assert [
            await storage.users.get(user.id),
            await storage.users.by_email("ada@example.com"),
            await storage.expiring.owner(key_of("key"), NOW),
            *(await storage.users.page(UserFilter(), PageRequest(NEWEST_FIRST, size=9))).items,
        ] == [made] * 4
        assert made.is_superuser is is_superuser


async def test_requests_cannot_change_superuser_flag(shop: Shop, client: httpx2.AsyncClient, app: FastAPI) -> None:
    storage: Storage = app.state.storage
    ids = [(await shop.user())["id"] for _ in range(2)]

    async def promote(tx: Transaction) -> None:
        await tx.users.save(bump_version(replace(await tx.users.lock(ids[0]), is_superuser=True)))

    await storage.run(promote)
    for number, user_id in enumerate(ids):
        path = f"/users/{user_id}"
        for method, body in (
            ("PUT", shop.registration()),
            ("PATCH", {"bio": "New."}),
            ("PATCH", {"password": "SecurePass456"}),
            ("DELETE", None),
        ):
            response = await client.request(method, path if body else f"{path}/soft", json=body)
            assert response.status_code == 200, response.text
            assert (await shop.get(path))["is_superuser"] is (number == 0)
        for value in (True, False):
            rejected = await client.patch(path, json={"is_superuser": value})
            assert rejected.status_code == 422
    assert [(await storage.users.get(user_id)).is_superuser for user_id in ids] == [True, False]
