"""Superusers: created by the operator, never through the API."""

from dataclasses import replace

from core import clock
from core.entities import Registration, User
from core.errors import NotFound
from core.passwords import PasswordHasher
from core.services.versioning import bump_version, change
from core.storage import Storage, Transaction


async def find(storage: Storage, username: str, email: str) -> User | None:
    """The user with this username, else the one with this e-mail address; None where there is neither."""
    found = await storage.users.credentials(username)
    if found is not None:
        return found.user
    try:
        return await storage.users.by_email(email)
    except NotFound:
        return None


async def create(storage: Storage, hasher: PasswordHasher, registration: Registration) -> User:
    """Store a new superuser. The password is hashed before the unit of work begins."""
    password_hash = await hasher.hash(registration.password)

    async def work(tx: Transaction) -> User:
        [user] = await tx.users.add([registration], [password_hash], clock.now())
        superuser = bump_version(replace(await tx.users.lock(user.id), is_superuser=True))
        await tx.users.save(superuser)
        return superuser

    return await storage.run(work)


async def promote(storage: Storage, id: int) -> User:
    """Make a user a superuser, with the password that it has."""
    return await storage.run(lambda tx: change(tx.users, id, {"is_superuser": True}))
