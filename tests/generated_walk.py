"""Uses the shop through a generated client. Runs in the environment that generated it, with the base URL."""

import sys
from typing import Any

from shop_client import Client  # type: ignore[import-not-found]
from shop_client.api.categories import create_category  # type: ignore[import-not-found]
from shop_client.api.orders import (  # type: ignore[import-not-found]
    change_order_status,
    get_order,
    get_sales_summary,
    list_orders,
    place_order,
)
from shop_client.api.products import create_product, get_product  # type: ignore[import-not-found]
from shop_client.api.service import get_health  # type: ignore[import-not-found]
from shop_client.api.users import create_user  # type: ignore[import-not-found]
from shop_client.models import (  # type: ignore[import-not-found]
    CategoryDraft,
    Order,
    OrderDraft,
    OrderItemDraft,
    OrderStatus,
    Problem,
    ProductDraft,
    Registration,
)


def walk(client: Any) -> None:
    """Create, order, confirm and read back, in the client's own types."""
    electronics = CategoryDraft(name="Electronics", slug="electronics", description="Electronic devices")
    category = create_category.sync(client=client, body=electronics)
    headphones = ProductDraft(
        name="Wireless Headphones",
        slug="wireless-headphones",
        price=79.99,
        sku="WH-001",
        stock_quantity=50,
        category_id=category.id,
    )
    product = create_product.sync(client=client, body=headphones)
    assert (category.id, product.id, product.price, product.category_id) == (1, 1, "79.99", 1)

    registration = Registration(
        username="johndoe", email="john@example.com", password="SecurePass123", full_name="John Doe"
    )
    user = create_user.sync(client=client, body=registration)
    assert (user.id, user.is_active, user.bio, user.created_at.tzinfo is not None) == (1, True, None, True)

    placed = place_order.sync(client=client, body=_order(user.id, product.id, 2))
    assert isinstance(placed, Order)
    assert (placed.status, placed.total_amount) == (OrderStatus.PENDING, "159.98")
    assert get_product.sync(product.id, client=client).stock_quantity == 48
    assert get_order.sync(placed.id, client=client) == placed

    changed = change_order_status.sync(placed.id, client=client, new_status=OrderStatus.CONFIRMED)
    assert (changed.order_id, changed.new_status) == (1, OrderStatus.CONFIRMED)
    summary = get_sales_summary.sync(client=client)
    assert (summary.total_orders, summary.total_revenue) == (1, "159.98")
    assert summary.orders_by_status["confirmed"] == 1
    listed = list_orders.sync(client=client, status=OrderStatus.CONFIRMED)
    assert ([order.id for order in listed.items], listed.total, listed.next_cursor) == ([1], 1, None)
    assert get_health.sync(client=client).status == "healthy"


def cause_problems(client: Any) -> None:
    """Refused requests return the document's type for problems."""
    refused = place_order.sync(client=client, body=_order(1, 1, 49))
    assert isinstance(refused, Problem)
    assert (refused.status, refused.type_) == (400, "urn:stockroom:problem:insufficient-stock")
    assert [error.field for error in refused.errors] == ["items.0.quantity"]
    missing = get_order.sync(99, client=client)
    assert isinstance(missing, Problem)
    assert missing.status == 404


def _order(user: int, product: int, quantity: int) -> Any:
    return OrderDraft(user_id=user, items=[OrderItemDraft(product_id=product, quantity=quantity)])


if __name__ == "__main__":
    with Client(base_url=sys.argv[1], raise_on_unexpected_status=True) as shop:
        walk(shop)
        cause_problems(shop)
    sys.stdout.write("walked\n")
