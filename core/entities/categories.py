"""Categories: a forest that products hang in."""

from dataclasses import dataclass
from typing import Annotated

from typing_extensions import TypedDict

from core.entities.entity_type import EntityType, OnDelete, Reference, unique
from core.entities.fields import FORBID_EXTRA, Id, Slug, Text, VersionedEntity
from core.entities.products import Description, Product

CategoryName = Annotated[str, Text(1, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDraft:
    """The fields of a category that a client chooses. A category cannot be its own ancestor."""

    __pydantic_config__ = FORBID_EXTRA

    name: CategoryName
    slug: Slug | None = None
    description: Description | None = None
    parent_id: Id | None = None


class CategoryPatch(TypedDict, total=False):
    """The fields of a category that a client sent, and no others."""

    __pydantic_config__ = FORBID_EXTRA  # type: ignore[misc]

    name: CategoryName
    slug: Slug
    description: Description | None
    parent_id: Id | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(VersionedEntity):
    """A stored category."""

    name: CategoryName
    slug: Slug
    description: Description | None
    parent_id: Id | None


CATEGORY = EntityType(
    entity=Category,
    name="category",
    plural="categories",
    unique=[unique("name"), unique("slug")],
    references=[Reference("parent_id", "categories", OnDelete.SET_NULL)],
    sorts=("name",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryNode(Category):
    """A category with those below it, siblings in code-point order of their names."""

    children: list["CategoryNode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryProducts:
    """A category, how many products it has, and one page of them, newest first."""

    category: Category
    product_count: int
    products: list[Product]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductWithCategory(Product):
    """A product with its category, null where it has none."""

    category: Category | None
