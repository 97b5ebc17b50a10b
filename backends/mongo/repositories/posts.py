"""Posts, whose documents hold the ids and names of their tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from backends.mongo.driver import Document
from backends.mongo.mapper import Codec, DocumentMapper, enum_codec
from backends.mongo.pagination import build_equality_filter, build_search_filter, fetch_page
from backends.mongo.repository import DerivedKey, EntityMapping, MongoReader, MongoRepository
from backends.mongo.violations import UniqueKey
from core.entities import Post, PostDraft, PostStatus, Tag
from core.storage import Page, PageRequest, PostFilter
from core.storage.repositories import PostReader, PostRepository
from core.text import fold, search_key


def _load_tags(links: Sequence[Document]) -> list[str]:
    return sorted(link["name"] for link in links)


def link_tags(tags: Sequence[Tag]) -> list[Document]:
    """The tags as a post's document holds them, by id."""
    return [{"id": tag.id, "name": tag.name, "key": fold(tag.name)} for tag in sorted(tags, key=lambda tag: tag.id)]


POSTS = EntityMapping(
    "post",
    "posts",
    DocumentMapper(
        Post,
        {"status": enum_codec(PostStatus), "tags": Codec(load=_load_tags, store=list)},
        filter_indexes={"author_id", "status"},
    ),
    references={"author_id": "users"},
    unique_keys=(UniqueKey("slug", ("slug",)),),
    derived_keys={"search_key": DerivedKey(search_key, ("title", "content"))},
)


class MongoPostReader(MongoReader[Post], PostReader):
    """Posts."""

    @override
    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        key = fold(filter.tag) if filter.tag is not None else None
        equal = build_equality_filter(author_id=filter.author_id, status=filter.status and filter.status.value)
        tagged = build_equality_filter(**{"tags.id": filter.tag_id, "tags.key": key})
        matching = equal | tagged | build_search_filter(filter.search)
        return await fetch_page(self._collection, matching, page_request, POSTS.mapper)


class MongoPostRepository(MongoRepository[Post], MongoPostReader, PostRepository):
    """Posts in a unit of work."""

    @override
    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        values = {
            "title": draft.title,
            "slug": draft.slug,
            "content": draft.content,
            "status": draft.status,
            "author_id": draft.author_id,
            "view_count": 0,
            "published_at": published_at,
            "tags": sorted(tag.name for tag in tags),
        }
        [post] = await self._create([values], at, [{"tags": link_tags(tags)}])
        self._unit.require_unchanged("tags", [tag.id for tag in tags])
        return post

    @override
    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        if tags is None:
            await self._update(replace(entity, tags=(await self._get_before(entity)).tags))
        else:
            await self._update(entity, {"tags": link_tags(tags)})
            self._unit.require_unchanged("tags", [tag.id for tag in tags])
