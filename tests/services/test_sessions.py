"""Sessions: log-in, refresh, log-out, and how long each token is valid."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from core.entities import UserPatch
from core.errors import InvalidGrant, RetriesExhausted
from core.passwords import PasswordHasher
from core.services import users
from core.services.sessions import Sessions, TokenPair, authenticate
from core.services.versioning import change
from core.settings import Settings
from core.storage import Storage
from core.tokens import Tokens
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import PASSWORD, Factory
from tests.services.session_client import SessionClient

Tick = Callable[[timedelta], datetime]
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.com", "Ada@EXAMPLE.com", " ada "])
async def test_log_in_by_username_or_email(client: SessionClient, factory: Factory, name: str) -> None:
    user = await factory.user()
    pair = await client.log_in(name)
    assert await client.user_of(pair) == user
    assert pair.seconds == 900
    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "WrongPass123"), ("ada", ""), ("bob", PASSWORD), ("old", PASSWORD), ("\x00", PASSWORD), ("", PASSWORD)],
)
async def test_failed_log_ins_are_answered_alike(
    client: SessionClient, factory: Factory, name: str, password: str
) -> None:
    await factory.user()
    await factory.user("old", is_active=False)
    with pytest.raises(InvalidGrant) as refused:
        await client.log_in(name, password)
    assert (refused.value.detail, refused.value.errors) == (InvalidGrant().detail, ())


async def test_log_out_ends_one_session(client: SessionClient, factory: Factory) -> None:
    user = await factory.user()
    first, second = await client.log_in(), await client.log_in()
    await client.log_out(first)
    assert await client.user_of(first) is None
    assert await client.user_of(second) == user
    with pytest.raises(InvalidGrant):
        await client.refresh(first)
    await client.log_out(first)
    assert await client.user_of(second) == user


async def test_access_token_expires(client: SessionClient, factory: Factory, settings: Settings, tick: Tick) -> None:
    user = await factory.user()
    pair = await client.log_in()
    tick(timedelta(seconds=settings.access_token_seconds) - SECOND)
    assert await client.user_of(pair) == user
    tick(SECOND)
    assert await client.user_of(pair) is None
    assert await client.user_of(await client.refresh(pair)) == user


@pytest.mark.parametrize("bearer", ["", "x", "a.b.c"])
async def test_malformed_token_authenticates_no_user(storage: Storage, client: SessionClient, bearer: str) -> None:
    assert await authenticate(storage, client.tokens, bearer) is None


async def test_token_of_another_key_authenticates_no_user(
    client: SessionClient, factory: Factory, hasher: PasswordHasher, settings: Settings
) -> None:
    await factory.user()
    other = settings.model_copy(update={"secret_keys": SecretStr("another-key" * 5)})
    tokens = Tokens(other)
    pair = await SessionClient(client.storage, tokens, Sessions(other, tokens, hasher)).log_in()
    assert await client.user_of(pair) is None


async def test_refresh_token_is_valid_once(client: SessionClient, factory: Factory) -> None:
    user = await factory.user()
    pair = await client.log_in()
    for _ in range(3):
        before, pair = pair, await client.refresh(pair)
        assert pair.refresh_token != before.refresh_token
        assert await client.user_of(pair) == user


async def test_reused_refresh_token_ends_the_session(client: SessionClient, factory: Factory) -> None:
    user = await factory.user()
    stolen, other = await client.log_in(), await client.log_in()
    pair = await client.refresh(stolen)
    with pytest.raises(InvalidGrant):
        await client.refresh(stolen)
    with pytest.raises(InvalidGrant):
        await client.refresh(pair)
    assert await client.user_of(pair) is None
    assert await client.user_of(stolen) is None
    assert await client.user_of(other) == user


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "\N{GRINNING FACE}.\x00"])
async def test_unknown_refresh_token_is_refused(client: SessionClient, token: str) -> None:
    with pytest.raises(InvalidGrant):
        await client.refresh(TokenPair("", token, 0))


async def test_session_lasts_from_its_last_refresh(
    client: SessionClient, factory: Factory, settings: Settings, tick: Tick
) -> None:
    await factory.user()
    lifetime = timedelta(seconds=settings.refresh_token_seconds)
    pair = await client.log_in()
    for _ in range(2):
        tick(lifetime - SECOND)
        pair = await client.refresh(pair)
    tick(lifetime)
    with pytest.raises(InvalidGrant):
        await client.refresh(pair)


async def test_outdated_hash_is_replaced_at_log_in(client: SessionClient, factory: Factory, settings: Settings) -> None:
    user = await factory.user()
    stronger = settings.model_copy(update={"argon2_time_cost": 2})
    service = Sessions(stronger, client.tokens, PasswordHasher(stronger))
    found = await client.user_of(await replace(client, service=service).log_in())
    assert found is not None
    assert (found.id, found.username) == (user.id, user.username)
    credentials = await client.storage.users.credentials("ada")
    assert credentials is not None
    assert ",t=2," in credentials.password_hash
    await client.log_in()


async def test_user_changed_during_log_in_is_reverified(
    client: SessionClient, contended: ContendedStorage, factory: Factory, hasher: PasswordHasher
) -> None:
    async def change_password() -> None:
        await users.patch_user(factory.storage, hasher, 1, UserPatch(password="OtherPass456"))

    async def change_bio() -> None:
        await users.patch_user(factory.storage, hasher, 1, UserPatch(bio="Text"))

    await factory.user()
    raced = replace(client, storage=contended)
    contended.steps = [Step(before=change_bio)]
    assert await client.user_of(await raced.log_in())
    contended.steps = [Step(before=change_password)]
    with pytest.raises(InvalidGrant):
        await raced.log_in()


async def test_user_changed_without_end_stops_a_log_in(
    client: SessionClient, contended: ContendedStorage, factory: Factory
) -> None:
    changes = 0

    async def change_bio() -> None:
        nonlocal changes
        changes += 1
        await factory.storage.run(lambda tx: change(tx.users, 1, {"bio": f"Text {changes}"}))

    await factory.user()
    contended.steps = [Step(before=change_bio)] * 100
    with pytest.raises(RetriesExhausted):
        await replace(client, storage=contended).log_in()
    assert 2 <= changes <= 20
