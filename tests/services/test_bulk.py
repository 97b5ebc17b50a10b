"""Bulk requests: elements that contradict each other, and whose element an error names."""

import pytest

from core.errors import Duplicate, StockroomError, UnknownReference
from core.services import catalogue
from core.services.bulk import check_distinct, prefix_single_item_errors
from core.storage import ProductFilter, Storage
from tests.services.factory import FIRST_PAGE, Factory, failing_fields, product_draft


async def number_of_products(storage: Storage) -> int | None:
    return (await storage.products.page(ProductFilter(), FIRST_PAGE)).total


def test_equal_elements_are_named_by_number() -> None:
    with pytest.raises(Duplicate) as refused:
        check_distinct(["a", "B", "A", "b", "a"], {"name": str.lower, "text": lambda text: text})
    assert refused.value.fields == ("2.name", "3.name", "4.name", "4.text")


def test_elements_without_a_key_are_distinct() -> None:
    check_distinct([None, None, "a"], {"name": lambda value: value})
    check_distinct([], {"name": lambda value: value})


async def test_bulk_is_stored_in_its_order(storage: Storage) -> None:
    products = await catalogue.create_products(storage, [product_draft(sku) for sku in ("C", "A", "B")])
    assert [(product.id, product.sku) for product in products] == [(1, "C"), (2, "A"), (3, "B")]


async def test_bulk_that_contradicts_itself_is_refused(storage: Storage, factory: Factory) -> None:
    category = (await factory.category()).id
    drafts = [
        product_draft("A", name="Pen", slug="pen", category_id=category),
        product_draft("B", name="Pen"),
        product_draft("A", name="Cup"),
        product_draft("C", name="Pen", slug="pen", category_id=category),
        product_draft("D", name="Pen"),
    ]
    with pytest.raises(Duplicate) as refused:
        await catalogue.create_products(storage, drafts)
    assert refused.value.fields == ("3.slug", "2.sku", "3.name")
    assert await number_of_products(storage) == 0


async def test_bulk_with_a_stored_value_stores_nothing(storage: Storage, factory: Factory) -> None:
    await factory.product("PEN")
    with pytest.raises(Duplicate) as refused:
        await catalogue.create_products(storage, [product_draft("CUP"), product_draft("PEN", name="Other")])
    assert refused.value.fields == ("1.sku",)
    assert await number_of_products(storage) == 1


async def test_bulk_with_unknown_category_stores_nothing(storage: Storage) -> None:
    with pytest.raises(UnknownReference) as refused:
        await catalogue.create_products(storage, [product_draft("CUP"), product_draft("PEN", category_id=99)])
    assert failing_fields(refused.value) == [("1.category_id", "unknown-reference")]
    assert await number_of_products(storage) == 0


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (Duplicate(["sku", "slug"], "products"), ["0.sku", "0.slug"]),
        (UnknownReference.of(["category_id"]), ["0.category_id"]),
    ],
)
def test_error_of_a_bulk_of_one_names_its_element(error: StockroomError, fields: list[str]) -> None:
    with pytest.raises(type(error)) as refused, prefix_single_item_errors([object()]):
        raise error
    assert failing_fields(refused.value) == [(field, error.code) for field in fields]
    assert getattr(refused.value, "aggregate", None) == getattr(error, "aggregate", None)


@pytest.mark.parametrize("error", [Duplicate(["1.sku"], "products"), UnknownReference.of(["1.category_id"])])
def test_error_of_a_larger_bulk_stays(error: StockroomError) -> None:
    with pytest.raises(type(error)) as refused, prefix_single_item_errors([object()] * 2):
        raise error
    assert refused.value is error
