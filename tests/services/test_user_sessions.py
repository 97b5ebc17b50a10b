"""What ends the sessions of a user: another password, deactivation, activation after it."""

from collections.abc import Awaitable, Callable

import pytest

from core.entities import PasswordChange, UserPatch, UserReplacement
from core.errors import InvalidGrant, WrongPassword
from core.passwords import PasswordHasher
from core.services import users
from core.services.sessions import TokenPair
from core.services.users import ChangeContext
from core.storage import Storage
from tests.services.factory import PASSWORD, Factory
from tests.services.session_client import SessionClient

ADDRESS = "192.0.2.1"
OTHER_PASSWORD = "OtherPass456"

Valid = Callable[[], Awaitable[list[bool]]]


@pytest.fixture
async def pairs(client: SessionClient, factory: Factory) -> list[TokenPair]:
    """Tokens of two sessions of user 1, and of one of user 2."""
    for name in ("ada", "bob"):
        await factory.user(name)
    return [await client.log_in(name) for name in ("ada", "ada", "bob")]


@pytest.fixture
def are_valid(client: SessionClient, pairs: list[TokenPair]) -> Valid:
    """Whether each of the access tokens authenticates a user."""

    async def read() -> list[bool]:
        return [await client.user_of(pair) is not None for pair in pairs]

    return read


@pytest.mark.parametrize("kept", [0, None])
async def test_patched_password_ends_other_sessions(
    client: SessionClient, hasher: PasswordHasher, pairs: list[TokenPair], are_valid: Valid, kept: int | None
) -> None:
    context = ChangeContext(session=None if kept is None else client.session_of(pairs[kept]))
    await users.patch_user(client.storage, hasher, 1, UserPatch(password=OTHER_PASSWORD), context)
    assert await are_valid() == [kept == 0, False, True]


async def test_replaced_password_ends_other_sessions(
    client: SessionClient, hasher: PasswordHasher, pairs: list[TokenPair], are_valid: Valid
) -> None:
    given = UserReplacement(username="ada", email="ada@example.com", password=OTHER_PASSWORD)
    context = ChangeContext(session=client.session_of(pairs[1]))
    await users.replace_user(client.storage, hasher, 1, given, context)
    assert await are_valid() == [False, True, True]


async def test_other_changes_end_no_session(storage: Storage, hasher: PasswordHasher, are_valid: Valid) -> None:
    await users.patch_user(storage, hasher, 1, UserPatch(bio="Text", username="Ada"))
    await users.replace_user(storage, hasher, 1, UserReplacement(username="ada", email="a@example.com"))
    assert await are_valid() == [True, True, True]


async def test_deactivation_ends_all_sessions(
    client: SessionClient, hasher: PasswordHasher, pairs: list[TokenPair], are_valid: Valid
) -> None:
    await users.deactivate(client.storage, 1)
    assert await are_valid() == [False, False, True]
    with pytest.raises(InvalidGrant):
        await client.refresh(pairs[0])
    with pytest.raises(InvalidGrant):
        await client.log_in()
    await users.patch_user(client.storage, hasher, 1, UserPatch(is_active=True))
    assert await are_valid() == [False, False, True], "an activated user has to log in again"
    with pytest.raises(InvalidGrant):
        await client.refresh(pairs[1])
    assert await client.user_of(await client.log_in())


async def test_changed_password_ends_other_sessions(
    client: SessionClient, pairs: list[TokenPair], are_valid: Valid
) -> None:
    user = await client.storage.users.get(1)
    given = PasswordChange(current_password=PASSWORD, new_password=OTHER_PASSWORD)
    await client.service.change_password(client.storage, user, client.session_of(pairs[0]), given, ADDRESS)
    assert await are_valid() == [True, False, True]
    assert (await client.storage.users.get(1)).version == user.version + 1
    with pytest.raises(InvalidGrant):
        await client.log_in()
    assert await client.user_of(await client.log_in(password=OTHER_PASSWORD))


async def test_password_change_needs_the_current_one(
    client: SessionClient, pairs: list[TokenPair], are_valid: Valid
) -> None:
    user, session = await client.storage.users.get(1), client.session_of(pairs[0])
    given = PasswordChange(current_password="WrongPass123", new_password=OTHER_PASSWORD)
    with pytest.raises(WrongPassword):
        await client.service.change_password(client.storage, user, session, given, ADDRESS)
    assert await are_valid() == [True, True, True]
    assert await client.user_of(await client.log_in())
