"""Categories: a forest without cycles, and what is shown of it."""

import asyncio

import pytest

from core.entities import CategoryDraft
from core.errors import CategoryCycle, Duplicate, NotFound, PreconditionFailed, UnknownReference
from core.services import catalogue
from core.storage import Storage
from tests.services.factory import FIRST_PAGE, Factory, failing_fields


async def chain(factory: Factory, *names: str) -> list[int]:
    """Ids of new categories, each below the one before it."""
    ids: list[int] = []
    for name in names:
        ids.append((await factory.category(name, parent_id=ids[-1] if ids else None)).id)
    return ids


@pytest.mark.parametrize("below", [0, 1, 2])
async def test_category_below_itself_is_refused(storage: Storage, factory: Factory, below: int) -> None:
    ids = await chain(factory, "A", "B", "C")
    before = await storage.categories.get(ids[0])
    with pytest.raises(CategoryCycle) as refused:
        await catalogue.change_category(storage, ids[0], {"parent_id": ids[below]})
    assert failing_fields(refused.value) == [("parent_id", "category-cycle")]
    assert await storage.categories.get(ids[0]) == before


async def test_replaced_category_below_itself_is_refused(storage: Storage, factory: Factory) -> None:
    top, bottom = await chain(factory, "A", "B")
    with pytest.raises(CategoryCycle):
        await catalogue.replace_category(storage, top, CategoryDraft(name="A", parent_id=bottom))


async def test_concurrent_moves_cannot_close_a_cycle(storage: Storage, factory: Factory) -> None:
    one, other = (await factory.category("A")).id, (await factory.category("B")).id
    moves = [catalogue.change_category(storage, a, {"parent_id": b}) for a, b in ((one, other), (other, one))]
    outcomes = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(isinstance(outcome, CategoryCycle) for outcome in outcomes) == 1


async def test_category_can_move_within_the_forest(storage: Storage, factory: Factory) -> None:
    top, middle, bottom = await chain(factory, "A", "B", "C")
    other = (await factory.category("D")).id
    for category, parent in ((bottom, top), (middle, bottom), (top, other), (middle, None)):
        changed = await catalogue.change_category(storage, category, {"parent_id": parent})
        assert changed.parent_id == parent


async def test_unknown_parent_is_an_unknown_reference(storage: Storage, factory: Factory) -> None:
    category = await factory.category("A")
    with pytest.raises(UnknownReference) as refused:
        await catalogue.change_category(storage, category.id, {"parent_id": 99})
    assert failing_fields(refused.value) == [("parent_id", "unknown-reference")]
    with pytest.raises(UnknownReference):
        await factory.category("B", parent_id=99)


@pytest.mark.parametrize("changes", [{"name": "B"}, {"parent_id": 1}, {"parent_id": 99}])
async def test_unknown_category_is_not_found(storage: Storage, factory: Factory, changes: dict[str, object]) -> None:
    await factory.category("A")
    with pytest.raises(NotFound):
        await catalogue.change_category(storage, 99, changes)


async def test_category_at_another_version_stays(storage: Storage, factory: Factory) -> None:
    one, other = await factory.category("A"), await factory.category("B")
    for changes in ({"name": "C"}, {"parent_id": other.id}):
        with pytest.raises(PreconditionFailed):
            await catalogue.change_category(storage, one.id, changes, frozenset({2}))
    assert await storage.categories.get(one.id) == one


async def test_category_names_compare_exactly(factory: Factory) -> None:
    await factory.category("Books")
    await factory.category("books")
    with pytest.raises(Duplicate) as refused:
        await factory.category("Books")
    assert refused.value.fields == ("name",)


async def test_tree_has_siblings_by_name(storage: Storage, factory: Factory) -> None:
    root = (await factory.category("Root")).id
    for name in ("b", "a", "B"):
        await factory.category(name, parent_id=root)
    await chain(factory, "Other", "Below", "Deep")
    [other, tree] = await catalogue.category_tree(storage)
    assert (tree.name, [child.name for child in tree.children]) == ("Root", ["B", "a", "b"])
    assert [node.name for node in (other, other.children[0], other.children[0].children[0])] == [
        "Other",
        "Below",
        "Deep",
    ]


async def test_category_shows_its_products(storage: Storage, factory: Factory) -> None:
    category, empty = await factory.category("A"), await factory.category("B")
    for sku in ("PEN", "CUP"):
        await factory.product(sku, category_id=category.id)
    await factory.product("LAMP")
    shown = await catalogue.category_products(storage, category.id, FIRST_PAGE)
    assert (shown.category, shown.product_count) == (category, 2)
    assert [product.sku for product in shown.products] == ["CUP", "PEN"]
    assert (await catalogue.category_products(storage, empty.id, FIRST_PAGE)).product_count == 0
    with pytest.raises(NotFound):
        await catalogue.category_products(storage, 99, FIRST_PAGE)


async def test_stats_are_of_active_products_most_first(storage: Storage, factory: Factory) -> None:
    b, a, most = [(await factory.category(name)).id for name in ("B", "A", "Most")]
    for number, (category, price) in enumerate([(most, 1), (most, 2), (most, 2), (b, 5), (a, 7), (None, 9)]):
        await factory.product(f"P-{number}", price=price, category_id=category)
    await factory.product("OLD", price=1000, category_id=most, is_active=False)
    await factory.category("Empty")
    stats = await catalogue.category_stats(storage)
    assert [(one.category, one.product_count, one.avg_price, one.min_price, one.max_price) for one in stats] == [
        ("Most", 3, 2, 1, 2),
        (None, 1, 9, 9, 9),
        ("A", 1, 7, 7, 7),
        ("B", 1, 5, 5, 5),
    ]


@pytest.mark.parametrize(("prices", "average"), [((1, 2), 2), ((2, 3), 2), ((1, 1, 2), 1), ((1, 2, 2), 2)])
async def test_average_price_is_rounded_half_to_even(
    storage: Storage, factory: Factory, prices: tuple[int, ...], average: int
) -> None:
    for number, price in enumerate(prices):
        await factory.product(f"P-{number}", price=price)
    [stats] = await catalogue.category_stats(storage)
    assert stats.avg_price == average
