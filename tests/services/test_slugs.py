"""Slugs that a client left out: derived, numbered where taken, and derived anew where a race took them."""

import pytest

from core.entities import CategoryDraft, PostDraft, ProductDraft, TagDraft
from core.errors import Duplicate, RetriesExhausted
from core.services import catalogue, posts
from core.storage import Storage
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import Factory, failing_fields, product_draft

SLUG_TAKEN = Duplicate(["slug"], "products")


def drafts(*slugs: str | None) -> list[ProductDraft]:
    """Products that are all named Pen, without a category."""
    return [product_draft(f"SKU-{number}", name="Pen", slug=slug) for number, slug in enumerate(slugs)]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Pen", "pen"),
        ("Fountain Pen", "fountain-pen"),
        ("Crème Brûlée & Co.", "creme-brulee-co"),
        ("  ALL  caps  ", "all-caps"),
        ("\N{GRINNING FACE}", "product"),
    ],
)
async def test_slug_is_derived_from_the_name(factory: Factory, name: str, slug: str) -> None:
    assert (await factory.product(name=name)).slug == slug


async def test_slug_of_a_long_name_is_cut_to_fit(factory: Factory) -> None:
    products = [await factory.product(f"SKU-{number}", name="x" * 200) for number in range(2)]
    assert [product.slug[-3:] for product in products] == ["xxx", "x-2"]
    assert all(len(product.slug) <= 220 for product in products)


async def test_slug_is_derived_for_every_kind_that_has_one(storage: Storage, factory: Factory) -> None:
    assert (await factory.category("Office Chairs")).slug == "office-chairs"
    assert (await posts.create_tag(storage, TagDraft(name="Big News"))).slug == "big-news"
    assert (await factory.post(await factory.user(), "Hello, World")).slug == "hello-world"


async def test_slug_has_the_kind_as_its_fallback(storage: Storage, factory: Factory) -> None:
    assert (await factory.category("\N{GRINNING FACE}")).slug == "category"
    assert (await posts.create_tag(storage, TagDraft(name="\N{GRINNING FACE}"))).slug == "tag"
    assert (await factory.post(await factory.user(), "\N{GRINNING FACE}")).slug == "post"


async def test_taken_slug_is_numbered_from_two(factory: Factory) -> None:
    products = [await factory.product(f"SKU-{number}", name="Pen") for number in range(3)]
    assert [product.slug for product in products] == ["pen", "pen-2", "pen-3"]


async def test_number_of_a_slug_skips_one_that_is_taken(factory: Factory) -> None:
    await factory.product("A", slug="pen-2")
    await factory.product("B", slug="pencil")
    products = [await factory.product(f"SKU-{number}", name="Pen") for number in range(2)]
    assert [product.slug for product in products] == ["pen", "pen-3"]


async def test_slugs_of_a_bulk_differ(storage: Storage) -> None:
    products = await catalogue.create_products(storage, drafts(None, "pen", None, "pen-3", None))
    assert [product.slug for product in products] == ["pen-2", "pen", "pen-4", "pen-3", "pen-5"]


async def test_slug_stays_when_the_name_changes(storage: Storage, factory: Factory) -> None:
    product = await factory.product(name="Pen")
    assert (await catalogue.change_product(storage, product.id, {"name": "Pencil"})).slug == "pen"


async def test_slug_left_out_of_a_replacement_stays(storage: Storage, factory: Factory) -> None:
    product, category = await factory.product(name="Pen"), await factory.category("Books")
    replaced = await catalogue.replace_product(storage, product.id, product_draft("CUP", name="Cup"))
    assert (replaced.name, replaced.slug) == ("Cup", "pen")
    replaced = await catalogue.replace_product(storage, product.id, product_draft("CUP", name="Cup", slug="cup"))
    assert replaced.slug == "cup"
    assert (await catalogue.replace_category(storage, category.id, CategoryDraft(name="Films"))).slug == "books"


async def test_slug_taken_in_a_race_is_derived_again(contended: ContendedStorage, factory: Factory) -> None:
    async def other_client() -> None:
        await factory.product("OTHER", name="Pen")

    contended.steps = [Step(error=SLUG_TAKEN), Step(before=other_client)]
    product = await catalogue.create_product(contended, product_draft("MINE", name="Pen"))
    assert (product.slug, contended.runs) == ("pen-2", 2)


async def test_slugs_of_a_bulk_in_a_race_are_derived_again(contended: ContendedStorage, factory: Factory) -> None:
    async def other_client() -> None:
        await factory.product("OTHER", name="Pen")

    contended.steps = [Step(error=Duplicate(["0.slug", "2.slug"], "products")), Step(before=other_client)]
    products = await catalogue.create_products(contended, drafts(None, "mine", None))
    assert [product.slug for product in products] == ["pen-2", "mine", "pen-3"]


async def test_slug_race_without_end_is_given_up(contended: ContendedStorage) -> None:
    contended.steps = [Step(error=SLUG_TAKEN)] * 1000
    with pytest.raises(RetriesExhausted):
        await catalogue.create_product(contended, product_draft())
    assert 2 <= contended.runs <= 100


async def test_chosen_slug_that_is_taken_is_reported(contended: ContendedStorage, factory: Factory) -> None:
    await factory.product("OTHER", slug="pen")
    with pytest.raises(Duplicate) as refused:
        await catalogue.create_product(contended, product_draft("MINE", slug="pen"))
    assert failing_fields(refused.value) == [("slug", "duplicate")]
    assert contended.runs == 1


async def test_chosen_slug_in_a_bulk_is_reported_by_number(storage: Storage, factory: Factory) -> None:
    await factory.product("OTHER", slug="taken")
    with pytest.raises(Duplicate) as refused:
        await catalogue.create_products(storage, drafts(None, "taken", None))
    assert refused.value.fields == ("1.slug",)


async def test_race_reports_only_what_the_client_chose(contended: ContendedStorage) -> None:
    contended.steps = [Step(error=Duplicate(["slug", "sku"], "products"))]
    with pytest.raises(Duplicate) as refused:
        await catalogue.create_product(contended, product_draft())
    assert refused.value.fields == ("sku",)
    contended.steps = [Step(error=Duplicate(["0.slug", "1.slug"], "products"))]
    with pytest.raises(Duplicate) as refused:
        await catalogue.create_products(contended, drafts(None, "chosen"))
    assert refused.value.fields == ("1.slug",)


async def test_changed_slug_that_is_taken_is_reported(storage: Storage, factory: Factory) -> None:
    await factory.product("OTHER", slug="pen")
    product = await factory.product("MINE", slug="cup")
    with pytest.raises(Duplicate) as refused:
        await catalogue.change_product(storage, product.id, {"slug": "pen"})
    assert refused.value.fields == ("slug",)
    assert await storage.products.get(product.id) == product


async def test_post_takes_a_tag_that_a_race_created(contended: ContendedStorage, factory: Factory) -> None:
    async def other_client() -> None:
        await posts.create_tag(factory.storage, TagDraft(name="News"))

    author = await factory.user()
    contended.steps = [Step(error=Duplicate(["name", "slug"], "tags")), Step(before=other_client)]
    draft = PostDraft(title="Hello", content="Text", author_id=author.id, tags=["NEWS"])
    post = await posts.create_post(contended, draft)
    assert (post.tags, (await contended.tags.get(1)).name) == (["News"], "News")


async def test_chosen_slug_of_a_post_is_reported(storage: Storage, factory: Factory) -> None:
    author = await factory.user()
    await factory.post(author, slug="hello")
    with pytest.raises(Duplicate) as refused:
        await factory.post(author, slug="hello", tags=["News"])
    assert (refused.value.fields, refused.value.aggregate) == (("slug",), "posts")
