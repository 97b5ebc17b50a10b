"""Posts and their life: draft, published, archived."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from core.entities.fields import FORBID_EXTRA, Id, Slug, Text, Time, VersionedEntity, default
from core.entities.tags import TagName

Title = Annotated[str, Text(1, 200)]
Content = Annotated[str, Text(1, 100_000)]
TagNames = Annotated[list[TagName], Field(max_length=50)]


class PostStatus(StrEnum):
    """Where a post is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDraft:
    """What may be chosen of a post. Tags are named; those nobody used before are created."""

    __pydantic_config__ = FORBID_EXTRA

    title: Title
    slug: Slug | None = None
    content: Content
    status: Annotated[PostStatus, default("draft")] = PostStatus.DRAFT
    author_id: Id
    tags: Annotated[TagNames, default(())] = ()  # type: ignore[assignment]


class PostPatch(TypedDict, total=False):
    """The fields of a post that a client sent, and no others."""

    __pydantic_config__ = FORBID_EXTRA  # type: ignore[misc]

    title: Title
    slug: Slug
    content: Content
    status: PostStatus
    author_id: Id
    tags: TagNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(VersionedEntity):
    """A stored post.

    Attributes:
        published_at: when it became published for the first time; null until then.
        view_count: how often it was viewed.
        tags: names, in code-point order.
    """

    title: str
    slug: str
    content: str
    status: PostStatus
    author_id: Id
    view_count: int
    published_at: Time | None
    tags: list[str]
