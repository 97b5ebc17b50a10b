"""Wrong credentials: names, password hashes and rights."""

from dataclasses import replace

from core.entities import Credentials, User
from tests.kit.broken.defect import Defect, RepositoryWrapper


class ExactNameMatch(Defect):
    """Finds a user only by the exact spelling of its name."""

    caught_by = "test_credentials.py::test_credentials_are_found_in_any_spelling"

    class Users(RepositoryWrapper):
        async def credentials(self, name: str) -> Credentials | None:
            found: Credentials | None = await self.inner.credentials(name)
            return found if found and name in (found.user.username, found.user.email) else None

    readers = {"users": Users}
    repositories = {"users": Users}


class StalePasswordHash(Defect):
    """Never stores a new password hash."""

    caught_by = "test_credentials.py::test_password_hash_is_the_last_saved"

    class Users(RepositoryWrapper):
        async def save(self, entity: User, password_hash: str | None = None) -> None:
            await self.inner.save(entity)

    repositories = {"users": Users}


class LostSuperuserFlag(Defect):
    """Does not store the superuser flag."""

    caught_by = "test_credentials.py::test_superuser_flag_is_in_every_read"

    class Users(RepositoryWrapper):
        async def save(self, entity: User, password_hash: str | None = None) -> None:
            await self.inner.save(replace(entity, is_superuser=False), password_hash)

    repositories = {"users": Users}


CREDENTIALS = [ExactNameMatch, StalePasswordHash, LostSuperuserFlag]
