"""Posts, which hold the ids and names of their tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from backends.mongo.aggregate import Aggregate, Derived, MongoReader, MongoRepository
from backends.mongo.claims import Unique
from backends.mongo.driver import Document
from backends.mongo.shape import Codec, Shape, one_of
from backends.mongo.windows import contains, equal, page
from core.entities import Post, PostDraft, PostStatus, Tag
from core.storage import Page, PageRequest, PostFilter
from core.text import fold, search_key


def _names(links: Sequence[Document]) -> list[str]:
    return sorted(link["name"] for link in links)


def _links(tags: Sequence[Tag]) -> list[Document]:
    return [{"id": tag.id, "name": tag.name, "key": fold(tag.name)} for tag in sorted(tags, key=lambda tag: tag.id)]


POSTS = Aggregate(
    "post",
    "posts",
    Shape(Post, {"status": one_of(PostStatus), "tags": Codec(load=_names, store=list)}, listed={"author_id", "status"}),
    references={"author_id": "users"},
    uniques=(Unique("slug", ("slug",)),),
    derived={"search_key": Derived(search_key, ("title", "content"))},
)


class MongoPostReader(MongoReader[Post]):
    """See ``PostReader``."""

    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        """See ``PostReader.page``."""
        key = fold(filter.tag) if filter.tag is not None else None
        same = equal(author_id=filter.author_id, status=filter.status and filter.status.value)
        tagged = equal(**{"tags.id": filter.tag_id, "tags.key": key})
        return await page(self._collection, same | tagged | contains(filter.search), page_request, POSTS.shape)


class MongoPostRepository(MongoRepository[Post], MongoPostReader):
    """See ``PostRepository``."""

    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        """See ``PostRepository.add``."""
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
        [post] = await self._store([values], at, [{"tags": _links(tags)}])
        self._work.rely("tags", [tag.id for tag in tags])
        return post

    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        """See ``PostRepository.save``."""
        if tags is None:
            await self._put(replace(entity, tags=(await self._before(entity)).tags))
        else:
            await self._put(entity, {"tags": _links(tags)})
            self._work.rely("tags", [tag.id for tag in tags])
