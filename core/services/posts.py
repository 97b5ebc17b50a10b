"""Posts with their tags, and tags on their own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from core import clock
from core.entities import Post, PostDraft, PostStatus, Tag, TagDraft
from core.services import slugs
from core.services.versioning import ExpectedVersions, apply_changes, lock_expecting, save_changes
from core.storage import PageRequest, PostFilter, Storage, Transaction
from core.storage.pages import Page
from core.text import fold

_NEW_TAGS = frozenset({"name", "slug"})
"""Both are derived for a tag that comes with a post: if another client creates it first, that one is used."""


async def create_post(storage: Storage, draft: PostDraft) -> Post:
    """Store a post, and those of its tags that do not exist."""
    now = clock.now()
    published_at = now if draft.status is PostStatus.PUBLISHED else None

    async def work(tx: Transaction) -> Post:
        tags = await _get_or_create_tags(tx, draft.tags, now)
        [ready] = await slugs.assign_slugs(tx.posts, [draft], "title", "post")
        return await tx.posts.add(ready, tags, published_at, now)

    return await slugs.run_with_slug_retry(storage, work, {"posts": slugs.derived_fields([draft]), "tags": _NEW_TAGS})


async def change_post(storage: Storage, id: int, changes: Mapping[str, Any], expected: ExpectedVersions = None) -> Post:
    """Change fields of a post. It is dated when it becomes published for the first time."""

    async def work(tx: Transaction) -> Post:
        post = await lock_expecting(tx.posts, id, expected)
        fields = dict(changes)
        tags = await _get_or_create_tags(tx, fields.pop("tags"), clock.now()) if "tags" in fields else None
        if tags is not None:
            fields["tags"] = sorted(tag.name for tag in tags)
        if fields.get("status") is PostStatus.PUBLISHED and post.published_at is None:
            fields["published_at"] = clock.now()
        after = apply_changes(post, fields)
        if after is None:
            return post
        await tx.posts.save(after, tags if after.tags != post.tags else None)
        return after

    return await slugs.run_with_slug_retry(storage, work, {"tags": _NEW_TAGS})


async def replace_post(storage: Storage, id: int, draft: PostDraft, expected: ExpectedVersions = None) -> Post:
    """Replace every editable field; a slug left out stays as it is, so that links go on working."""
    return await change_post(storage, id, slugs.omit_unset_slug(asdict(draft)), expected)


async def count_view(storage: Storage, id: int, expected: ExpectedVersions = None) -> Post:
    """Count one view: a new version of the post, but no edit, so ``updated_at`` stays."""

    async def work(tx: Transaction) -> Post:
        post = await lock_expecting(tx.posts, id, expected)
        seen = replace(post, view_count=post.view_count + 1, version=post.version + 1)
        await tx.posts.save(seen)
        return seen

    return await storage.run(work)


async def create_tag(storage: Storage, draft: TagDraft) -> Tag:
    """Store a tag."""

    async def work(tx: Transaction) -> Tag:
        [tag] = await _add_tags(tx, [draft], clock.now())
        return tag

    return await slugs.run_with_slug_retry(storage, work, {"tags": slugs.derived_fields([draft])})


async def change_tag(storage: Storage, id: int, changes: Mapping[str, Any], expected: ExpectedVersions = None) -> Tag:
    """Change fields of a tag. A new name changes the posts that show it."""

    async def work(tx: Transaction) -> Tag:
        tag = await lock_expecting(tx.tags, id, expected)
        after = await save_changes(tx.tags, tag, changes)
        if after.name != tag.name:
            await tx.posts.rename_tag(tag, after, clock.now())
        return after

    return await storage.run(work)


async def replace_tag(storage: Storage, id: int, draft: TagDraft, expected: ExpectedVersions = None) -> Tag:
    """Replace every editable field; a slug left out stays as it is, so that links go on working."""
    return await change_tag(storage, id, slugs.omit_unset_slug(asdict(draft)), expected)


async def posts_of_tag(storage: Storage, id: int, page_request: PageRequest) -> Page[Post]:
    """A page of the posts that have a tag."""
    page = await storage.posts.page(PostFilter(tag_id=id), page_request)
    if not page.items:
        await storage.tags.get(id)
    return page


async def _get_or_create_tags(tx: Transaction, names: Sequence[str], now: datetime) -> list[Tag]:
    """The tags of these names, one for each folded name, created where they do not exist."""
    wanted = {fold(name): name for name in reversed(names)}
    if not wanted:
        return []
    found = await tx.tags.by_names(list(wanted.values()))
    missing = sorted(wanted[key] for key in wanted.keys() - {fold(tag.name) for tag in found})
    return found + (await _add_tags(tx, [TagDraft(name=name) for name in missing], now) if missing else [])


async def _add_tags(tx: Transaction, drafts: Sequence[TagDraft], now: datetime) -> list[Tag]:
    return await tx.tags.add(await slugs.assign_slugs(tx.tags, drafts, "name", "tag"), now)
