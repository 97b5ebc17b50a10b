"""Posts with the names of their tags."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, select
from typing_extensions import override

from backends.sql.pagination import PagedQuery, filter_values
from backends.sql.repositories.tags import TAGS
from backends.sql.repository import EntityMapping, SqlReader, SqlSlugRepository
from backends.sql.schema import link_table_of
from backends.sql.statement import CachedStatement, QueryExecutor
from core.entities import POST, Post, PostDraft, Tag
from core.errors import NotFound
from core.storage import Page, PageRequest, PostFilter
from core.storage.repositories import PostReader, PostRepository

POSTS: EntityMapping[Post] = EntityMapping(POST)
posts, tags, post_tags = POSTS.table, TAGS.table, link_table_of(POST, *POST.links)

_WITH_TAGS = (
    select(*POSTS.mapper.columns, tags.c.name)
    .outerjoin(post_tags, post_tags.c.post_id == posts.c.id)
    .outerjoin(tags, tags.c.id == post_tags.c.tag_id)
    .where(posts.c.id == bindparam("key"))
    .order_by(tags.c.name)
)
_TAGGED = CachedStatement(_WITH_TAGS)
# A statement that had to wait for the lock has the post as it is now, but the tags as they were when it began. That
# shows in the version, which every change of the tags raises: ``_SEEN`` has that of the beginning.
_SEEN = posts.alias("seen")
_TAGGED_LOCKED = CachedStatement(
    _WITH_TAGS.add_columns(
        select(_SEEN.c.version).where(_SEEN.c.id == bindparam("key")).scalar_subquery().label("seen_version")
    ).with_for_update(key_share=True, of=posts)
)
_TAGS_OF = (
    select(post_tags.c.post_id, tags.c.name)
    .join(tags, tags.c.id == post_tags.c.tag_id)
    .where(post_tags.c.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(post_tags.c.post_id, tags.c.name)
)
_PAGES = PagedQuery(POSTS.all, posts, tuple, POSTS.conditions)


def _read(row: Sequence[Any], names: list[str]) -> Post:
    return POSTS.mapper.read_with(row, tags=names)


class SqlPostReader(SqlReader[Post], PostReader):
    """Posts, outside a unit of work."""

    @override
    async def get(self, id: int) -> Post:
        return await self._get_tagged(_TAGGED, id)

    async def _get_tagged(self, query: CachedStatement, id: int) -> Post:
        found = await self._executor.rows(query, {"key": id})
        if not found:
            raise NotFound("post", id)
        return _read(found[0], [row[-1] for row in found if row[-1] is not None])

    @override
    async def page(self, filter: PostFilter, page_request: PageRequest) -> Page[Post]:
        """The tags of all posts on the page come in one further round trip."""
        page = await _PAGES.page(self._executor, filter_values(POST, filter), page_request)
        names = await _get_tags(self._executor, [row[0] for row in page.items])
        return Page([_read(row, names.get(row[0], [])) for row in page.items], page.has_more, page.total)


async def _get_tags(executor: QueryExecutor, ids: list[int]) -> dict[int, list[str]]:
    if not ids:
        return {}
    links = await executor.rows(_TAGS_OF, {"ids": ids})
    return {post_id: [name for _, name in group] for post_id, group in groupby(links, key=lambda link: link[0])}


class SqlPostRepository(SqlSlugRepository[Post], SqlPostReader, PostRepository):
    """Posts, in a unit of work."""

    @override
    async def add(self, draft: PostDraft, tags: Sequence[Tag], published_at: datetime | None, at: datetime) -> Post:
        values = POST.new_values(draft, at, published_at=published_at)
        [post] = await self._insert([values], tags=sorted(tag.name for tag in tags))
        await self._link(post.id, tags)
        return post

    @override
    async def lock(self, id: int) -> Post:
        """Where it had to wait, the tags are read once more."""
        found = await self._executor.rows(_TAGGED_LOCKED, {"key": id})
        if not found:
            raise NotFound("post", id)
        post = _read(found[0], [row[-2] for row in found if row[-2] is not None])
        return post if post.version == found[0][-1] else await self.get(id)

    @override
    async def save(self, entity: Post, tags: Sequence[Tag] | None = None) -> None:
        await self._update(entity, {})
        if tags is not None:
            await self._executor.write(post_tags.delete().where(post_tags.c.post_id == entity.id))
            await self._link(entity.id, tags)

    @override
    async def delete_of_author(self, author_id: int, at: datetime) -> None:
        await self._executor.write(posts.delete().where(posts.c.author_id == author_id))

    @override
    async def rename_tag(self, before: Tag, after: Tag, at: datetime) -> None:
        """Names are read from the tag, so that only the posts' versions change."""
        for statement in TAGS.linked_updates(after.id, at):
            await self._executor.write(statement)

    async def _link(self, post_id: int, tags: Sequence[Tag]) -> None:
        if tags:
            links = [{"post_id": post_id, "tag_id": tag.id} for tag in sorted(tags, key=lambda tag: tag.id)]
            await self._executor.write(post_tags.insert(), links)
