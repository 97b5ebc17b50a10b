"""Posts and their tags."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.entities import PostDraft, PostStatus, TagDraft
from core.errors import NotFound, PreconditionFailed, UnknownReference
from core.services import posts
from core.storage import Storage
from tests.services.factory import FIRST_PAGE, Factory

Tick = Callable[[timedelta], datetime]
MINUTE = timedelta(minutes=1)


async def tag_names(storage: Storage) -> list[str]:
    """Of all tags, oldest first."""
    return [tag.name for tag in (await storage.tags.page(FIRST_PAGE)).items][::-1]


async def test_post_is_dated_when_first_published(storage: Storage, factory: Factory, tick: Tick) -> None:
    post = await factory.post(await factory.user())
    assert (post.status, post.published_at, post.view_count) == (PostStatus.DRAFT, None, 0)
    first = tick(MINUTE)
    post = await posts.change_post(storage, post.id, {"status": PostStatus.PUBLISHED})
    assert post.published_at == first
    for status in (PostStatus.ARCHIVED, PostStatus.PUBLISHED):
        tick(MINUTE)
        post = await posts.change_post(storage, post.id, {"status": status})
        assert (post.status, post.published_at) == (status, first)


async def test_post_published_at_once_is_dated(factory: Factory, tick: Tick) -> None:
    post = await factory.post(await factory.user(), status=PostStatus.PUBLISHED)
    assert post.published_at == post.created_at == tick(timedelta())


async def test_view_is_a_new_version_but_no_edit(storage: Storage, factory: Factory, tick: Tick) -> None:
    post = await factory.post(await factory.user(), tags=["News"])
    tick(MINUTE)
    seen = [await posts.count_view(storage, post.id) for _ in range(2)]
    assert [(one.view_count, one.version, one.updated_at) for one in seen] == [
        (1, 2, post.updated_at),
        (2, 3, post.updated_at),
    ]
    assert await storage.posts.get(post.id) == seen[1]
    with pytest.raises(PreconditionFailed):
        await posts.count_view(storage, post.id, frozenset({1}))


async def test_tags_of_a_post_are_created_once(storage: Storage, factory: Factory) -> None:
    author = await factory.user()
    await posts.create_tag(storage, TagDraft(name="Old"))
    post = await factory.post(author, tags=["zebra", "News", "NEWS", "OLD"])
    assert post.tags == ["News", "Old", "zebra"]
    assert sorted(await tag_names(storage)) == ["News", "Old", "zebra"]
    assert (await factory.post(author, "Other", tags=["news"])).tags == ["News"]
    assert len(await tag_names(storage)) == 3


async def test_tags_of_a_post_are_replaced(storage: Storage, factory: Factory) -> None:
    author = await factory.user()
    post = await factory.post(author, tags=["News"])
    post = await posts.change_post(storage, post.id, {"tags": ["Sport", "Art"]})
    assert (post.tags, post.version) == (["Art", "Sport"], 2)
    draft = PostDraft(title=post.title, content=post.content, author_id=author.id)
    post = await posts.replace_post(storage, post.id, draft)
    assert (post.tags, (await storage.posts.get(post.id)).tags) == ([], [])
    assert len(await tag_names(storage)) == 3


async def test_post_with_the_same_tags_is_no_new_version(storage: Storage, factory: Factory, tick: Tick) -> None:
    post = await factory.post(await factory.user(), tags=["News", "Art"])
    tick(MINUTE)
    assert await posts.change_post(storage, post.id, {"tags": ["art", "NEWS"], "title": post.title}) == post
    assert await storage.posts.get(post.id) == post


async def test_refused_post_creates_no_tags(storage: Storage, factory: Factory) -> None:
    draft = PostDraft(title="News", content="Text", author_id=99, tags=["News"])
    with pytest.raises(UnknownReference):
        await posts.create_post(storage, draft)
    assert await tag_names(storage) == []


async def test_tag_shows_its_posts(storage: Storage, factory: Factory) -> None:
    author = await factory.user()
    post = await factory.post(author, tags=["News"])
    await factory.post(author, "Other", tags=["Art"])
    await posts.create_tag(storage, TagDraft(name="Unused"))
    ids = {tag.name: tag.id for tag in (await storage.tags.page(FIRST_PAGE)).items}
    assert (await posts.posts_of_tag(storage, ids["News"], FIRST_PAGE)).items == [post]
    assert (await posts.posts_of_tag(storage, ids["Unused"], FIRST_PAGE)).items == []
    with pytest.raises(NotFound):
        await posts.posts_of_tag(storage, 99, FIRST_PAGE)


async def test_renamed_tag_keeps_its_slug_and_posts(storage: Storage, factory: Factory) -> None:
    post = await factory.post(await factory.user(), tags=["News"])
    tag = await posts.replace_tag(storage, 1, TagDraft(name="Headlines"))
    assert (tag.name, tag.slug, tag.version) == ("Headlines", "news", 2)
    assert (await storage.posts.get(post.id)).tags == ["Headlines"]
