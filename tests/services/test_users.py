"""Users: registration, replacement, changes, deactivation. What ends their sessions is in ``test_user_sessions``."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.entities import UserPatch, UserReplacement
from core.errors import Duplicate, NotFound, PreconditionFailed
from core.passwords import PasswordHasher
from core.services import users
from core.services.users import ChangeContext
from core.storage import Storage, UserFilter
from tests.services.factory import FIRST_PAGE, PASSWORD, Factory, registration

Tick = Callable[[timedelta], datetime]
MINUTE, DAY, MILLISECOND = timedelta(minutes=1), timedelta(days=1), timedelta(milliseconds=1)
OTHER_PASSWORD = "OtherPass456"


async def hash_of(storage: Storage, username: str = "ada") -> str:
    credentials = await storage.users.credentials(username)
    assert credentials is not None
    return credentials.password_hash


async def test_registered_user_is_active_and_no_superuser(storage: Storage, factory: Factory, tick: Tick) -> None:
    user = await factory.user("Ada_1", email="ada@example.com", full_name="Ada", bio="Text")
    assert (user.username, user.email, user.full_name, user.bio) == ("Ada_1", "ada@example.com", "Ada", "Text")
    assert (user.id, user.version, user.is_active, user.is_superuser) == (1, 1, True, False)
    assert user.created_at == user.updated_at == tick(timedelta())
    assert await storage.users.get(user.id) == user


async def test_password_is_stored_as_its_hash(storage: Storage, factory: Factory, hasher: PasswordHasher) -> None:
    user, password_hash = await factory.user(), await hash_of(storage)
    assert password_hash.startswith("$argon2id$")
    assert await hasher.verify(password_hash, PASSWORD)
    assert PASSWORD not in f"{user}{registration()}{await storage.users.credentials('ada')}"
    assert password_hash not in f"{user}{await storage.users.credentials('ada')}"


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"username": "ADA", "email": "other@example.com"}, ["username"]),
        ({"username": "bob", "email": "Ada@Example.com"}, ["email"]),
        ({"username": "Ada", "email": "ADA@example.com"}, ["username", "email"]),
    ],
)
async def test_taken_name_is_refused_when_folded(factory: Factory, fields: dict[str, str], taken: list[str]) -> None:
    await factory.user("ada", email="ada@example.com")
    with pytest.raises(Duplicate) as refused:
        await factory.user(**fields)
    assert list(refused.value.fields) == taken


async def test_users_are_registered_in_order(storage: Storage, hasher: PasswordHasher) -> None:
    given = [registration(name, password=f"{PASSWORD}{name}") for name in ("cleo", "ada", "bob")]
    registered = await users.register(storage, hasher, given)
    assert [user.username for user in registered] == ["cleo", "ada", "bob"]
    for name in ("cleo", "ada", "bob"):
        assert await hasher.verify(await hash_of(storage, name), PASSWORD + name)


async def test_users_are_registered_all_or_none(storage: Storage, factory: Factory, hasher: PasswordHasher) -> None:
    await factory.user("ada")
    with pytest.raises(Duplicate) as refused:
        await users.register(storage, hasher, [registration("bob"), registration("ada")])
    assert refused.value.fields == ("1.username", "1.email")
    with pytest.raises(Duplicate) as refused:
        await users.register(storage, hasher, [registration("bob"), registration("cleo"), registration("BOB")])
    assert refused.value.fields == ("2.username", "2.email")
    assert (await storage.users.page(UserFilter(), FIRST_PAGE)).total == 1


async def test_replaced_user_gets_defaults(storage: Storage, factory: Factory, hasher: PasswordHasher) -> None:
    user = await factory.user(full_name="Ada", bio="Text", is_active=False)
    before = await hash_of(storage)
    given = UserReplacement(username="ada", email="new@example.com")
    replaced = await users.replace_user(storage, hasher, user.id, given)
    assert (replaced.email, replaced.full_name, replaced.bio) == ("new@example.com", None, None)
    assert (replaced.is_active, replaced.version) == (True, 2)
    assert await storage.users.get(user.id) == replaced
    assert await hash_of(storage) == before, "a password left out stays"


async def test_replaced_password_is_stored(storage: Storage, factory: Factory, hasher: PasswordHasher) -> None:
    user = await factory.user()
    given = UserReplacement(username=user.username, email=user.email, password=OTHER_PASSWORD)
    replaced = await users.replace_user(storage, hasher, user.id, given)
    assert replaced.version == 2
    assert await hasher.verify(await hash_of(storage), OTHER_PASSWORD)


async def test_patched_user_keeps_what_was_not_sent(storage: Storage, factory: Factory, hasher: PasswordHasher) -> None:
    user = await factory.user(full_name="Ada", bio="Text")
    before = await hash_of(storage)
    patched = await users.patch_user(storage, hasher, user.id, UserPatch(bio=None, username="Ada"))
    assert (patched.username, patched.full_name, patched.bio, patched.version) == ("Ada", "Ada", None, 2)
    assert await storage.users.get(user.id) == patched
    assert await hash_of(storage, "ada") == before


async def test_patched_password_is_always_a_change(
    storage: Storage, factory: Factory, hasher: PasswordHasher, tick: Tick
) -> None:
    user = await factory.user()
    at = tick(MINUTE)
    patched = await users.patch_user(storage, hasher, user.id, UserPatch(password=PASSWORD))
    assert (patched.version, patched.updated_at) == (2, at)
    assert await hasher.verify(await hash_of(storage), PASSWORD)


async def test_patch_without_difference_is_no_new_version(
    storage: Storage, factory: Factory, hasher: PasswordHasher, tick: Tick
) -> None:
    user = await factory.user(full_name="Ada")
    tick(MINUTE)
    for patch in (UserPatch(), UserPatch(full_name="Ada", is_active=True)):
        assert await users.patch_user(storage, hasher, user.id, patch) == user
    assert await storage.users.get(user.id) == user


async def test_user_at_another_version_stays(storage: Storage, factory: Factory, hasher: PasswordHasher) -> None:
    user, context = await factory.user(), ChangeContext(frozenset({2}))
    before = await hash_of(storage)
    given = UserReplacement(username="ada", email="new@example.com")
    with pytest.raises(PreconditionFailed):
        await users.replace_user(storage, hasher, user.id, given, context)
    with pytest.raises(PreconditionFailed):
        await users.patch_user(storage, hasher, user.id, UserPatch(password=OTHER_PASSWORD), context)
    with pytest.raises(PreconditionFailed):
        await users.deactivate(storage, user.id, context.expected)
    assert (await storage.users.get(user.id), await hash_of(storage)) == (user, before)


async def test_unknown_user_is_not_found(storage: Storage, hasher: PasswordHasher) -> None:
    with pytest.raises(NotFound):
        await users.patch_user(storage, hasher, 99, UserPatch(bio="Text"))
    with pytest.raises(NotFound):
        await users.deactivate(storage, 99)
    with pytest.raises(NotFound):
        await users.with_posts(storage, 99, FIRST_PAGE)


async def test_deactivating_twice_is_one_change(storage: Storage, factory: Factory, tick: Tick) -> None:
    user = await factory.user()
    tick(MINUTE)
    deactivated = await users.deactivate(storage, user.id)
    assert (deactivated.is_active, deactivated.version) == (False, 2)
    tick(MINUTE)
    assert await users.deactivate(storage, user.id) == deactivated
    assert await storage.users.get(user.id) == deactivated


async def test_stale_users_are_deactivated(
    storage: Storage, factory: Factory, hasher: PasswordHasher, tick: Tick
) -> None:
    stale, changed = await factory.user("stale"), await factory.user("changed")
    await factory.user("inactive", is_active=False)
    tick(2 * MILLISECOND)
    await users.patch_user(storage, hasher, changed.id, UserPatch(bio="Text"))
    fresh = await factory.user("fresh")
    at = tick(30 * DAY - MILLISECOND)
    assert await users.deactivate_stale(storage, 30) == 1
    found = await storage.users.get(stale.id)
    assert (found.is_active, found.version, found.updated_at) == (False, 2, at)
    assert [(await storage.users.get(user.id)).is_active for user in (changed, fresh)] == [True, True]
    assert await users.deactivate_stale(storage, 30) == 0


async def test_user_comes_with_its_posts(storage: Storage, factory: Factory) -> None:
    ada, bob = await factory.user("ada"), await factory.user("bob")
    written = [await factory.post(ada, title) for title in ("First", "Second")]
    await factory.post(bob, "Third")
    found = await users.with_posts(storage, ada.id, FIRST_PAGE)
    assert (found.username, found.posts) == ("ada", written[::-1])
