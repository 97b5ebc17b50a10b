"""Users: they place orders, write posts and own accounts."""

from dataclasses import dataclass, field
from typing import Annotated

from typing_extensions import TypedDict

from core.entities.entity_type import EntityType, unique
from core.entities.field_types import TextType
from core.entities.fields import (
    FORBID_EXTRA,
    Email,
    Flag,
    Id,
    Money,
    Password,
    SubmittedPassword,
    Text,
    Username,
    VersionedEntity,
    default,
)
from core.entities.filters import Search
from core.entities.posts import Post

FullName = Annotated[str, Text(0, 100)]
Bio = Annotated[str, Text(0, 1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDraft:
    """The fields of a user that a client chooses."""

    __pydantic_config__ = FORBID_EXTRA

    username: Username
    email: Email
    full_name: FullName | None = None
    bio: Bio | None = None
    is_active: Annotated[Flag, default(True)] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(UserDraft):
    """A new user with the password in clear text; it is hashed before anything is stored."""

    password: Password = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReplacement(UserDraft):
    """All editable fields of a user. A password left out stays as it is, for it cannot be read back."""

    password: Password | None = field(default=None, repr=False)


class UserPatch(TypedDict, total=False):
    """The fields of a user that a client sent, and no others."""

    __pydantic_config__ = FORBID_EXTRA  # type: ignore[misc]

    username: Username
    email: Email
    full_name: FullName | None
    bio: Bio | None
    is_active: Flag
    password: Password


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChange:
    """The current password of a user, and the new one."""

    __pydantic_config__ = FORBID_EXTRA

    current_password: SubmittedPassword = field(repr=False)
    new_password: Password = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class User(VersionedEntity):
    """A stored user. The password hash never leaves storage with it."""

    username: Username
    email: Email
    full_name: FullName | None
    bio: Bio | None
    is_active: bool
    is_superuser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users a list has."""

    is_active: bool | None = None
    search: Search = None


USER = EntityType(
    entity=User,
    name="user",
    plural="users",
    unique=[unique("username", folded=True), unique("email", folded=True)],
    searched=("username", "email", "full_name"),
    sorts=("username",),
    filter=UserFilter,
    initial={"is_superuser": False},
    write_only={"password_hash": TextType(1, 255)},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user with the hash of its password; used for a log-in only."""

    user: User
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWithPosts(User):
    """A user with one page of posts, newest first."""

    posts: list[Post]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopSpender:
    """A user and what all its orders but the cancelled ones add up to."""

    user_id: Id
    username: str
    email: str
    order_count: int
    total_spent: Money
