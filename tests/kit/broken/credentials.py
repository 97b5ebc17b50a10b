"""Wrong credentials: what a log-in is not to be told, and rights that nobody gave."""

from dataclasses import replace

from core.entities import Credentials, User
from tests.kit.broken.defect import Defect, Wrapped


class StrictSpelling(Defect):
    """Lets only those log in who write their name as they did when they registered."""

    caught_by = "test_credentials.py::test_credentials_are_found_in_any_spelling"

    class Users(Wrapped):
        async def credentials(self, name: str) -> Credentials | None:
            found: Credentials | None = await self.inner.credentials(name)
            return found if found and name in (found.user.username, found.user.email) else None

    readers = {"users": Users}
    repositories = {"users": Users}


class OldHash(Defect):
    """Keeps the password that a user had first."""

    caught_by = "test_credentials.py::test_password_hash_is_the_last_saved"

    class Users(Wrapped):
        async def save(self, entity: User, password_hash: str | None = None) -> None:
            await self.inner.save(entity)

    repositories = {"users": Users}


class ForgottenSuperuser(Defect):
    """Stores of a user what a client may choose, and no more."""

    caught_by = "test_credentials.py::test_superuser_flag_is_in_every_read"

    class Users(Wrapped):
        async def save(self, entity: User, password_hash: str | None = None) -> None:
            await self.inner.save(replace(entity, is_superuser=False), password_hash)

    repositories = {"users": Users}


CREDENTIALS = [StrictSpelling, OldHash, ForgottenSuperuser]
