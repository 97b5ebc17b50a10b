"""Posts: drafts, published and archived ones."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from core.entities.entity_type import EntityType, Link, OnDelete, Reference, unique
from core.entities.fields import FORBID_EXTRA, Id, Integer, Slug, Text, Time, VersionedEntity, default
from core.entities.filters import Compare, Operator, Search
from core.entities.tags import TagName

Title = Annotated[str, Text(1, 200)]
Content = Annotated[str, Text(1, 100_000)]
TagNames = Annotated[list[TagName], Field(max_length=50)]


class PostStatus(StrEnum):
    """The states of a post."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDraft:
    """The fields of a post that a client chooses. Tags are given by name; new ones are created."""

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

    title: Title
    slug: Slug
    content: Content
    status: PostStatus
    author_id: Id
    view_count: Annotated[int, Integer(0)]
    published_at: Time | None
    tags: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFilter:
    """Which posts a list has; ``tag`` is a tag's name."""

    author_id: int | None = None
    tag: Annotated[str | None, Compare(Operator.LINKED_NAME, "tags")] = None
    tag_id: Annotated[int | None, Compare(Operator.LINKED_ID, "tags")] = None
    status: PostStatus | None = None
    search: Search = None


POST = EntityType(
    entity=Post,
    name="post",
    plural="posts",
    unique=[unique("slug")],
    references=[Reference("author_id", "users", OnDelete.CASCADE)],
    links=[Link("tags", "tags")],
    searched=("title", "content"),
    sorts=("title", "view_count", "published_at"),
    filter=PostFilter,
    initial={"view_count": 0, "published_at": None},
)
