"""Posts and tags."""

from datetime import datetime
from typing import Annotated

from annotated_types import Ge
from pydantic import BaseModel

from backends.mongo.documents.fields import Recorded, index, unique
from core.entities import PostStatus


class TagLink(BaseModel):
    """A tag as a post holds it: with its name, which reads need, and the name's folded key, which filters need."""

    id: int
    name: str
    key: str


class PostDocument(Recorded):
    """A post."""

    title: str
    slug: str
    content: str
    status: PostStatus
    author_id: int
    view_count: Annotated[int, Ge(0)]
    published_at: datetime | None
    tags: list[TagLink]
    search_key: str

    class Settings:
        """See Beanie."""

        name = "posts"
        indexes = (
            unique("slug"),
            index("created_at", "_id"),
            index("title", "_id"),
            index("view_count", "_id"),
            index("published_at", "_id"),
            index("author_id", "created_at", "_id"),
            index("status", "created_at", "_id"),
            index("tags.id", "created_at", "_id"),
            index("tags.key", "created_at", "_id"),
        )


class TagDocument(Recorded):
    """A tag."""

    name: str
    name_key: str
    slug: str

    class Settings:
        """See Beanie."""

        name = "tags"
        indexes = (
            unique("name_key"),
            unique("slug"),
            index("created_at", "_id"),
            index("name"),
        )
