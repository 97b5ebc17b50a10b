"""The documented walkthrough, against a real server process on each storage.

``test_readme.py`` runs the same requests as they stand in the README, with default settings.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from conformance.processes.servers import run_server
from core.settings import Settings

STEPS: list[tuple[str, str, str]] = [
    (
        "POST",
        "/categories/",
        '{"name": "Electronics", "slug": "electronics", "description": "Electronic devices"}',
    ),
    (
        "POST",
        "/products/",
        '{"name": "Wireless Headphones", "slug": "wireless-headphones", "price": 79.99, "sku": "WH-001",'
        ' "stock_quantity": 50, "category_id": 1}',
    ),
    (
        "POST",
        "/users/",
        '{"username": "johndoe", "email": "john@example.com", "password": "SecurePass123", "full_name": "John Doe"}',
    ),
    ("POST", "/orders/", '{"user_id": 1, "items": [{"product_id": 1, "quantity": 2}]}'),
    ("GET", "/orders/1", ""),
    ("PATCH", "/orders/1/status?new_status=confirmed", ""),
    ("GET", "/orders/stats/summary", ""),
    ("GET", "/health", ""),
]

NEW: dict[str, Any] = {"id": 1, "version": 1}
CATEGORY = NEW | {
    "name": "Electronics",
    "slug": "electronics",
    "description": "Electronic devices",
    "parent_id": None,
}
PRODUCT = NEW | {
    "name": "Wireless Headphones",
    "slug": "wireless-headphones",
    "description": None,
    "price": "79.99",
    "stock_quantity": 50,
    "sku": "WH-001",
    "is_active": True,
    "category_id": 1,
}
USER = NEW | {
    "username": "johndoe",
    "email": "john@example.com",
    "full_name": "John Doe",
    "bio": None,
    "is_active": True,
    "is_superuser": False,
}
ORDER = NEW | {
    "status": "pending",
    "total_amount": "159.98",
    "user_id": 1,
    "shipping_address": None,
    "items": [{"id": 100, "product_id": 1, "quantity": 2, "unit_price": "79.99", "total_price": "159.98"}],
}


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The base URL of a server on an empty store."""
    with run_server(settings, tmp_path) as url:
        yield url


def send(client: httpx2.Client, method: str, path: str, body: str) -> Any:
    headers = {"content-type": "application/json"} if body else {}
    response = client.request(method, path, content=body, headers=headers)
    assert response.status_code == (201 if method == "POST" else 200), f"{method} {path}: {response.text}"
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_documented_walkthrough_works(server: str) -> None:
    with httpx2.Client(base_url=server) as client:
        responses = [send(client, *step) for step in STEPS]
        product_afterwards = client.get("/products/1").json()
        order_afterwards = client.get("/orders/1/").json()

    category, product, user, placed, order, confirmed, summary, health = responses
    assert category == CATEGORY | times_of(category)
    assert product == PRODUCT | times_of(product)
    assert user == USER | times_of(user)
    assert order == placed == ORDER | times_of(placed) | {"order_number": placed["order_number"]}
    assert confirmed == {"order_id": 1, "new_status": "confirmed"}
    counts = {"pending": 0, "confirmed": 1, "shipped": 0, "delivered": 0, "cancelled": 0}
    assert summary == {"total_orders": 1, "total_revenue": "159.98", "orders_by_status": counts}
    assert set(health) == {"status", "database"}
    assert set(health["database"]) == {"pool_size", "connections_in_use", "connections_available"}
    assert product_afterwards["stock_quantity"] == 48
    assert (order_afterwards["status"], order_afterwards["version"]) == ("confirmed", 2)


def times_of(entity: dict[str, Any]) -> dict[str, Any]:
    """The times of a new entity, which are equal."""
    assert entity["created_at"] == entity["updated_at"]
    return {name: entity[name] for name in ("created_at", "updated_at")}
