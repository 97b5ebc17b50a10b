"""Prepares the tutorial's tables: ``fill PRODUCTS USERS`` before the measurement, ``prune PRODUCTS`` between runs."""

import sys
from decimal import Decimal

from sqlalchemy import func, insert, select

from benchmarks.speed.tutorial.app import Base, Order, OrderItem, Product, SessionLocal, User, engine


def fill(products: int, users: int) -> None:
    """Add the same rows as in the other databases."""
    Base.metadata.create_all(engine)
    rows = [
        {
            "id": n,
            "name": f"Product {n}",
            "slug": f"product-{n}",
            "description": "A thing of use in every household. " * 3,
            "price": Decimal(n % 9000 + 100) / 100,
            "stock_quantity": 2_000_000_000,
            "sku": f"SKU-{n}",
            "is_active": True,
        }
        for n in range(1, products + 1)
    ]
    with SessionLocal() as db:
        db.execute(insert(User), [{"id": n, "username": f"buyer{n}"} for n in range(1, users + 1)])
        db.execute(insert(Product), rows)
        if engine.dialect.name == "postgresql":
            db.execute(select(func.setval("tutorial_products_id_seq", products)))
        db.commit()


def prune(products: int) -> None:
    """Delete every order, and the products with higher ids."""
    with SessionLocal() as db:
        db.query(OrderItem).delete()
        db.query(Order).delete()
        db.query(Product).filter(Product.id > products).delete()
        db.commit()


if __name__ == "__main__":
    numbers = map(int, sys.argv[2:])
    fill(*numbers) if sys.argv[1] == "fill" else prune(*numbers)
