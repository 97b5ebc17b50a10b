"""Superusers: created or promoted by the operator."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.errors import Duplicate, NotFound
from core.passwords import PasswordHasher
from core.services import superusers
from core.storage import Storage, UserFilter
from tests.services.factory import FIRST_PAGE, PASSWORD, Factory, registration
from tests.services.session_client import SessionClient


async def test_superuser_is_created_with_its_password(
    storage: Storage, hasher: PasswordHasher, client: SessionClient
) -> None:
    user = await superusers.create(storage, hasher, registration("root", full_name="Root"))
    assert (user.username, user.full_name, user.is_superuser, user.is_active) == ("root", "Root", True, True)
    assert await storage.users.get(user.id) == user
    assert await client.user_of(await client.log_in("root", PASSWORD)) == user


async def test_superuser_with_a_taken_name_is_refused(
    storage: Storage, factory: Factory, hasher: PasswordHasher
) -> None:
    await factory.user("root")
    with pytest.raises(Duplicate):
        await superusers.create(storage, hasher, registration("ROOT", email="other@example.com"))
    assert [user.is_superuser for user in (await storage.users.page(UserFilter(), FIRST_PAGE)).items] == [False]


@pytest.mark.parametrize(
    ("username", "email", "found"),
    [
        ("ada", "unknown@example.com", "ada"),
        ("ADA", "bob@example.com", "ada"),
        ("unknown", "Bob@example.com", "bob"),
        ("unknown", "unknown@example.com", None),
    ],
)
async def test_user_is_found_by_username_then_email(
    storage: Storage, factory: Factory, username: str, email: str, found: str | None
) -> None:
    for name in ("ada", "bob"):
        await factory.user(name)
    user = await superusers.find(storage, username, email)
    assert (user and user.username) == found


async def test_existing_user_is_promoted_and_keeps_password(
    storage: Storage, factory: Factory, client: SessionClient, tick: Callable[[timedelta], datetime]
) -> None:
    user = await factory.user()
    pair, at = await client.log_in(), tick(timedelta(seconds=1))
    promoted = await superusers.promote(storage, user.id)
    assert (promoted.is_superuser, promoted.version, promoted.updated_at) == (True, 2, at)
    assert await client.user_of(pair) == promoted
    assert await client.user_of(await client.log_in()) == promoted


async def test_promoting_a_superuser_changes_nothing(storage: Storage, hasher: PasswordHasher) -> None:
    user = await superusers.create(storage, hasher, registration("root"))
    assert await superusers.promote(storage, user.id) == user
    with pytest.raises(NotFound):
        await superusers.promote(storage, 99)
