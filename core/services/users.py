"""Users: registration, changes, deactivation."""

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from core import clock
from core.entities import Registration, User, UserPatch, UserReplacement, UserWithPosts
from core.passwords import PasswordHasher
from core.services.bulk import require_distinct
from core.services.tickets import end_sessions
from core.services.updates import Versions, locked, save_changes, touched
from core.storage import PostFilter, Storage, Transaction, Window
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
    require_distinct(registrations, {"username": lambda r: fold(r.username), "email": lambda r: fold(r.email)})
    hashes = [await hasher.hash(registration.password) for registration in registrations]
    return await storage.run(lambda tx: tx.users.add(registrations, hashes, clock.now()))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a change of a user goes by.

    Attributes:
        expected: the versions that it is meant for.
        session: the session that is not ended by it.
    """

    expected: Versions = None
    session: str | None = field(default=None, repr=False)


async def replace_user(
    storage: Storage, hasher: PasswordHasher, id: int, given: UserReplacement, terms: Terms = Terms()
) -> User:
    """Replace every editable field."""
    return await _change(storage, id, await _hashed(hasher, asdict(given)), terms)


async def patch_user(
    storage: Storage, hasher: PasswordHasher, id: int, given: UserPatch, terms: Terms = Terms()
) -> User:
    """Change the fields that were sent."""
    return await _change(storage, id, await _hashed(hasher, dict(given)), terms)


async def deactivate(storage: Storage, id: int, expected: Versions = None) -> User:
    """Deactivate one user, whose sessions are of no use from then on; no change where it is inactive already."""
    return await _change(storage, id, {"is_active": False}, Terms(expected))


async def _hashed(hasher: PasswordHasher, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with ``password_hash`` in the place of ``password``, if there is one."""
    password = fields.pop("password", None)
    return fields if password is None else {**fields, "password_hash": await hasher.hash(password)}


async def _change(storage: Storage, id: int, changes: dict[str, Any], terms: Terms) -> User:
    async def work(tx: Transaction) -> User:
        fields = dict(changes)
        password_hash = fields.pop("password_hash", None)
        user = await locked(tx.users, id, terms.expected)
        if password_hash is None:
            after = await save_changes(tx.users, user, fields)
        else:
            after = touched(replace(user, **fields))
            await tx.users.save(after, password_hash)
        if password_hash is not None or (after.is_active and not user.is_active):  # asleep while it was inactive
            await end_sessions(tx, id, terms.session)
        return after

    return await storage.run(work)


async def deactivate_stale(storage: Storage, days: int) -> int:
    """Deactivate users that nobody changed for ``days`` days; their number."""
    now = clock.now()
    return await storage.run(lambda tx: tx.users.deactivate_stale(now - timedelta(days=days), now))


async def with_posts(storage: Storage, id: int, window: Window) -> UserWithPosts:
    """A user with a page of its posts."""
    user = await storage.users.get(id)
    posts = await storage.posts.page(PostFilter(author_id=id), window)
    return UserWithPosts(**asdict(user), posts=posts.items)
