"""Users: registration, changes, deactivation."""

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from core import clock
from core.entities import Registration, User, UserPatch, UserReplacement, UserWithPosts
from core.passwords import PasswordHasher
from core.services.bulk import check_distinct
from core.services.expiring import end_sessions
from core.services.versioning import ExpectedVersions, bump_version, lock_expecting, save_changes
from core.storage import PageRequest, PostFilter, Storage, Transaction
from core.text import fold


async def register_one(storage: Storage, hasher: PasswordHasher, registration: Registration) -> User:
    """Store a new user. The password is hashed before the unit of work begins."""
    password_hash = await hasher.hash(registration.password)

    async def work(tx: Transaction) -> User:
        [user] = await tx.users.add([registration], [password_hash], clock.now())
        return user

    return await storage.run(work)


async def register(storage: Storage, hasher: PasswordHasher, registrations: list[Registration]) -> list[User]:
    """Store new users, all or none. Passwords are hashed before the unit of work begins."""
    check_distinct(registrations, {"username": lambda r: fold(r.username), "email": lambda r: fold(r.email)})
    hashes = [await hasher.hash(registration.password) for registration in registrations]
    return await storage.run(lambda tx: tx.users.add(registrations, hashes, clock.now()))


@dataclass(frozen=True, slots=True)
class ChangeContext:
    """The conditions of a change of a user.

    Attributes:
        expected: the versions that it is meant for.
        session: the session that is not ended by it.
    """

    expected: ExpectedVersions = None
    session: str | None = field(default=None, repr=False)


async def replace_user(
    storage: Storage, hasher: PasswordHasher, id: int, given: UserReplacement, context: ChangeContext = ChangeContext()
) -> User:
    """Replace every editable field."""
    return await _change(storage, id, await _hashed(hasher, asdict(given)), context)


async def patch_user(
    storage: Storage, hasher: PasswordHasher, id: int, given: UserPatch, context: ChangeContext = ChangeContext()
) -> User:
    """Change the fields that were sent."""
    return await _change(storage, id, await _hashed(hasher, dict(given)), context)


async def deactivate(storage: Storage, id: int, expected: ExpectedVersions = None) -> User:
    """Deactivate one user, whose sessions are refused from then on; no change where it is inactive already."""
    return await _change(storage, id, {"is_active": False}, ChangeContext(expected))


async def _hashed(hasher: PasswordHasher, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with ``password_hash`` in the place of ``password``, if there is one."""
    password = fields.pop("password", None)
    return fields if password is None else {**fields, "password_hash": await hasher.hash(password)}


async def _change(storage: Storage, id: int, changes: dict[str, Any], context: ChangeContext) -> User:
    async def work(tx: Transaction) -> User:
        fields = dict(changes)
        password_hash = fields.pop("password_hash", None)
        user = await lock_expecting(tx.users, id, context.expected)
        if password_hash is None:
            after = await save_changes(tx.users, user, fields)
        else:
            after = bump_version(replace(user, **fields))
            await tx.users.save(after, password_hash)
        if password_hash is not None or (
            after.is_active and not user.is_active
        ):  # its sessions must not revive with it
            await end_sessions(tx, id, context.session)
        return after

    return await storage.run(work)


async def deactivate_stale(storage: Storage, days: int) -> int:
    """Deactivate the users that were not changed for ``days`` days; return their number."""
    now = clock.now()
    return await storage.run(lambda tx: tx.users.deactivate_stale(now - timedelta(days=days), now))


async def with_posts(storage: Storage, id: int, page_request: PageRequest) -> UserWithPosts:
    """A user with a page of its posts."""
    user = await storage.users.get(id)
    posts = await storage.posts.page(PostFilter(author_id=id), page_request)
    return UserWithPosts(**asdict(user), posts=posts.items)
