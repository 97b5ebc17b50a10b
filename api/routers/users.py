"""Users."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Body, Depends

from api.auth.checks import Check, is_own_id
from api.auth.permissions import PUBLIC, SUPERUSERS, Audience, Permission
from api.dependencies import HasherDep, SessionDep, StorageDep
from api.http.fields import Days, Limit, QueryFlag, Search, SearchText, UserId, UserPathId, clean_path_name
from api.openapi import problem_responses
from api.pagination import PageResponse, SublistPage, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import Notification, Registration, TopSpender, User, UserPatch, UserReplacement, UserWithPosts
from core.errors import AmountLimit, Duplicate, StillReferenced, StockLimit
from core.services import erasure, notifications, users
from core.services.bulk import prefix_single_item_errors
from core.storage import PageRequest, UserFilter, sorts

router = Router("users")

OWN_USER = Permission(audience=Audience.USER, description="itself", check=Check(UserId, is_own_id))
USER_BY_USERNAME = Permission(audience=Audience.SUPERUSER, not_found=("user", "username"))
USER_BY_EMAIL = Permission(audience=Audience.SUPERUSER, not_found=("user", "email"))

UsersPage = Annotated[PageRequest, Depends(sortable(sorts.USERS))]
NotificationsPage = Annotated[PageRequest, Depends(sortable(sorts.NOTIFICATIONS))]
Registrations = Annotated[list[Registration], Body(min_length=1, max_length=1000)]


async def _change_context(expected: ExpectedVersions, session: SessionDep) -> users.ChangeContext:
    return users.ChangeContext(expected, session)


ChangeContextDep = Annotated[users.ChangeContext, Depends(_change_context)]


@dataclass(frozen=True, slots=True)
class ActiveCount:
    """How many users are active."""

    active_users: int


@dataclass(frozen=True, slots=True)
class DeactivatedCount:
    """How many users were deactivated."""

    deactivated_count: int


@dataclass(frozen=True, slots=True)
class Message:
    """What has been done, in a sentence."""

    message: str


@router.post("", permission=PUBLIC, status_code=201, responses=problem_responses(Duplicate))
async def create_user(given: Registration, storage: StorageDep, hasher: HasherDep) -> User:
    """Register a user.

    The password needs 8 to 100 characters, one upper-case letter and one digit; it is stored as an argon2id hash and
    never returned. Usernames and e-mail addresses are unique in any case.
    """
    return await users.register_one(storage, hasher, given)


@router.post("/bulk", permission=SUPERUSERS, status_code=201, responses=problem_responses(Duplicate))
async def create_users(given: Registrations, storage: StorageDep, hasher: HasherDep) -> list[User]:
    """Register up to a thousand users, all or none.

    The answer lists them in the order given. Errors name the user by its position, as in `3.email`.
    """
    with prefix_single_item_errors(given):
        return await users.register(storage, hasher, given)


@router.get("", permission=SUPERUSERS)
async def list_users(
    storage: StorageDep, page_request: UsersPage, is_active: QueryFlag | None = None, search: Search = None
) -> PageResponse[User]:
    """List users.

    `search` looks in username, e-mail and full name.
    """
    found = await storage.users.page(UserFilter(is_active=is_active, search=search or None), page_request)
    return PageResponse.of(found, page_request)


@router.get("/search", permission=SUPERUSERS)
async def search_users(storage: StorageDep, page_request: UsersPage, q: SearchText) -> PageResponse[User]:
    """Search users by username, e-mail and full name."""
    return PageResponse.of(await storage.users.page(UserFilter(search=q), page_request), page_request)


@router.get("/stats/active-count", permission=SUPERUSERS)
async def count_active_users(storage: StorageDep) -> ActiveCount:
    """Count the active users."""
    return ActiveCount(await storage.users.active_count())


@router.get("/top-spenders", permission=SUPERUSERS)
async def list_top_spenders(storage: StorageDep, limit: Limit = 10) -> list[TopSpender]:
    """List the users who spent most.

    Cancelled orders do not count; users without any other are left out. Ties are ordered by id.
    """
    return await storage.users.top_spenders(limit)


@router.get("/by-email/{email}", permission=USER_BY_EMAIL)
async def get_user_by_email(email: str, storage: StorageDep) -> User:
    """Get the user with an e-mail address, in any case."""
    return await storage.users.by_email(clean_path_name("user", email))


@router.get("/by-username/{username}", permission=USER_BY_USERNAME)
async def get_user_by_username(username: str, storage: StorageDep) -> User:
    """Get the user with a username, in any case."""
    return await storage.users.by_username(clean_path_name("user", username))


@router.patch("/bulk/deactivate", permission=SUPERUSERS)
async def deactivate_stale_users(storage: StorageDep, days: Days) -> DeactivatedCount:
    """Deactivate the active users that were not changed for a number of days."""
    return DeactivatedCount(await users.deactivate_stale(storage, days))


@router.delete("/bulk/inactive", permission=SUPERUSERS)
async def delete_inactive_users(storage: StorageDep) -> erasure.Deletion:
    """Delete the inactive users, each as `DELETE /users/{id}` does.

    Those that cannot be deleted are kept, each with the reason.
    """
    return await erasure.delete_inactive(storage)


@router.get("/{id}", permission=OWN_USER)
async def get_user(id: UserPathId, storage: StorageDep) -> User:
    """Get a user."""
    return await storage.users.get(id)


@router.put("/{id}", permission=OWN_USER, responses=problem_responses(Duplicate))
async def replace_user(
    id: UserPathId, given: UserReplacement, storage: StorageDep, hasher: HasherDep, context: ChangeContextDep
) -> User:
    """Replace every editable field of a user.

    A field left out takes its default; a password left out stays as it is. A new password ends the user's sessions,
    but the one that the request belongs to.
    """
    return await users.replace_user(storage, hasher, id, given, context)


@router.patch("/{id}", permission=OWN_USER, responses=problem_responses(Duplicate))
async def update_user(
    id: UserPathId,
    given: Annotated[UserPatch, Body()],
    storage: StorageDep,
    hasher: HasherDep,
    context: ChangeContextDep,
) -> User:
    """Change the fields of a user that are sent, and no others.

    A new password ends the user's sessions, but the one that the request belongs to.
    """
    return await users.patch_user(storage, hasher, id, given, context)


@router.delete(
    "/{id}",
    permission=OWN_USER,
    status_code=204,
    responses=problem_responses(StillReferenced, StockLimit, AmountLimit),
)
async def delete_user(id: UserPathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Delete a user with its posts, orders, notifications and accounts.

    Pending and confirmed orders are cancelled first, which puts their pieces back in stock. Refused while an account of
    the user holds money, or would by that.
    """
    await erasure.delete_user(storage, id, expected)


@router.post("/{id}/anonymise", permission=OWN_USER)
async def anonymise_user(id: UserPathId, storage: StorageDep, hasher: HasherDep, expected: ExpectedVersions) -> User:
    """Anonymise a user whose orders and payments must be kept.

    Its names are replaced by neutral ones, other personal fields and the shipping addresses of its orders are emptied,
    and its posts and notifications deleted. It becomes inactive, and its sessions end.
    """
    return await erasure.anonymise(storage, hasher, id, expected)


@router.delete("/{id}/soft", permission=OWN_USER)
async def deactivate_user(id: UserPathId, storage: StorageDep, expected: ExpectedVersions) -> Message:
    """Deactivate a user, keeping all its data."""
    user = await users.deactivate(storage, id, expected)
    return Message(f"User {user.id} is inactive.")


@router.get("/{id}/with-posts", permission=OWN_USER)
async def get_user_with_posts(id: UserPathId, storage: StorageDep, page_request: SublistPage) -> UserWithPosts:
    """Get a user with a page of its posts, newest first."""
    return await users.with_posts(storage, id, page_request)


@router.get("/{id}/notifications", permission=OWN_USER)
async def list_user_notifications(
    id: UserPathId, storage: StorageDep, page_request: NotificationsPage
) -> PageResponse[Notification]:
    """List a user's notifications."""
    return PageResponse.of(await notifications.of_user(storage, id, page_request), page_request)
