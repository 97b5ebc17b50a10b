"""What lists can be narrowed to. A field left None does not narrow; ``search`` is a user's text, not yet folded."""

from dataclasses import dataclass

from core.entities import OrderStatus, PostStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Users; ``search`` looks in username, e-mail and full name."""

    is_active: bool | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFilter:
    """Posts; ``tag`` is a tag's name, compared folded; ``search`` looks in title and content."""

    author_id: int | None = None
    tag: str | None = None
    tag_id: int | None = None
    status: PostStatus | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Products; prices in minor units, bounds included; ``search`` looks in name and description."""

    category_id: int | None = None
    min_price: int | None = None
    max_price: int | None = None
    max_stock: int | None = None
    is_active: bool | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Orders."""

    status: OrderStatus | None = None
    user_id: int | None = None
