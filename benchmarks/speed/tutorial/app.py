"""The shop in the style of the tutorials, on any SQL database, in tables of its own."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, Numeric, String, create_engine, func, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

SYNCHRONOUS = {"postgresql": "psycopg2", "mysql": "pymysql", "mariadb": "pymysql", "sqlite": "pysqlite"}

url = make_url(os.environ["DATABASE_URL"])
engine = create_engine(
    url.set(drivername=f"{url.drivername}+{SYNCHRONOUS[url.drivername]}"),
    pool_size=10,
    max_overflow=20,
    connect_args={"check_same_thread": False, "timeout": 30} if url.drivername == "sqlite" else {},
)
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)


class Base(DeclarativeBase):
    """The tables."""


class User(Base):
    """A customer."""

    __tablename__ = "tutorial_users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(50), unique=True)


class Product(Base):
    """A product."""

    __tablename__ = "tutorial_products"

    id: Mapped[int] = mapped_column(primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    name: Mapped[str] = mapped_column(String(200), index=True)
    slug: Mapped[str] = mapped_column(String(220), unique=True, index=True)
    description: Mapped[str | None] = mapped_column(String(1000))
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    stock_quantity: Mapped[int] = mapped_column(default=0)
    sku: Mapped[str] = mapped_column(String(50), unique=True, index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    category_id: Mapped[int | None]


class Order(Base):
    """An order."""

    __tablename__ = "tutorial_orders"

    id: Mapped[int] = mapped_column(primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str] = mapped_column(String(20), default="pending")
    total_amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    user_id: Mapped[int] = mapped_column(ForeignKey("tutorial_users.id"))
    shipping_address: Mapped[str | None] = mapped_column(String(500))
    items: Mapped[list["OrderItem"]] = relationship(back_populates="order")


class OrderItem(Base):
    """A line of an order."""

    __tablename__ = "tutorial_order_items"

    id: Mapped[int] = mapped_column(primary_key=True, index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("tutorial_orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("tutorial_products.id"))
    quantity: Mapped[int]
    unit_price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    total_price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    order: Mapped[Order] = relationship(back_populates="items")


class ProductCreate(BaseModel):
    """A new product."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    slug: str
    description: str | None = None
    price: Annotated[Decimal, Field(gt=0)]
    stock_quantity: Annotated[int, Field(ge=0)] = 0
    sku: str
    is_active: bool = True
    category_id: int | None = None


class ProductResponse(ProductCreate):
    """A product."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
    updated_at: datetime


class Item(BaseModel):
    """A line of a new order."""

    product_id: int
    quantity: Annotated[int, Field(gt=0)]


class ItemResponse(Item):
    """A line."""

    model_config = ConfigDict(from_attributes=True)

    unit_price: Decimal
    total_price: Decimal


class OrderCreate(BaseModel):
    """A new order."""

    user_id: int
    items: list[Item]
    shipping_address: str | None = None


class OrderResponse(BaseModel):
    """An order."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
    status: str
    total_amount: Decimal
    user_id: int
    shipping_address: str | None
    items: list[ItemResponse]


def get_db() -> Iterator[Session]:
    """A session per request."""
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


Db = Annotated[Session, Depends(get_db)]
app = FastAPI()


@app.get("/products/{product_id}", response_model=ProductResponse)
def get_product(product_id: int, db: Db) -> Product:
    """One product."""
    product = db.query(Product).filter(Product.id == product_id).first()
    if product is None:
        raise HTTPException(status_code=404, detail="Product not found")
    return product


@app.get("/products", response_model=list[ProductResponse])
def list_products(db: Db, before: int = 2**31 - 1, limit: int = 100) -> Sequence[Product]:
    """The newest first, after an id, which is faster than the usual offset."""
    return db.query(Product).filter(Product.id < before).order_by(Product.id.desc()).limit(limit).all()


@app.post("/products/bulk", response_model=list[ProductResponse], status_code=201)
def create_products(products: list[ProductCreate], db: Db) -> Sequence[Product]:
    """All of them."""
    created = []
    for product in products:
        db_product = Product(**product.model_dump())
        db.add(db_product)
        created.append(db_product)
    db.commit()
    return created


@app.post("/orders", response_model=OrderResponse, status_code=201)
def place_order(order: OrderCreate, db: Db) -> Order:
    """Row by row."""
    user = db.query(User).filter(User.id == order.user_id).first()
    if user is None:
        raise HTTPException(status_code=404, detail="User not found")
    db_order = Order(user_id=user.id, shipping_address=order.shipping_address, total_amount=Decimal(0))
    db.add(db_order)
    db.flush()
    total = Decimal(0)
    for item in order.items:
        product = db.query(Product).filter(Product.id == item.product_id).with_for_update().first()
        if product is None or product.stock_quantity < item.quantity:
            db.rollback()
            raise HTTPException(status_code=400, detail=f"Product {item.product_id} is not available")
        product.stock_quantity -= item.quantity
        line_total = product.price * item.quantity
        total += line_total
        db.add(
            OrderItem(
                order_id=db_order.id,
                product_id=product.id,
                quantity=item.quantity,
                unit_price=product.price,
                total_price=line_total,
            )
        )
        db.flush()
    db_order.total_amount = total
    db.commit()
    db.refresh(db_order)
    return db_order
