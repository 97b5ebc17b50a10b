"""Orders and their payments."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.dependencies import StorageDep
from api.document import refusals
from api.lists import Listing, sortable
from api.parameters import Id, PathId
from api.preconditions import ExpectedVersions
from api.routes import router as make_router
from core.entities import (
    Order,
    OrderDetails,
    OrderDraft,
    OrderStatus,
    OrderSummary,
    Payment,
    PaymentDraft,
    SalesSummary,
)
from core.errors import (
    AmountLimit,
    AmountMismatch,
    InactiveProduct,
    InsufficientStock,
    InvalidTransition,
    StockLimit,
    UnknownReference,
)
from core.services import orders
from core.storage import OrderFilter, PageRequest, sorts

router = make_router("orders")

OrdersWindow = Annotated[PageRequest, Depends(sortable(sorts.ORDERS))]
PLACING = refusals(UnknownReference, InactiveProduct, InsufficientStock, AmountLimit)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An order and the status it has now."""

    order_id: int
    new_status: OrderStatus


@router.post("", status_code=201, responses=PLACING)
async def place_order(given: OrderDraft, storage: StorageDep) -> Order:
    """Place an order.

    Every product must exist, be active and have the stock, summed over all lines. The stock is taken and the prices
    are captured in one unit of work; otherwise nothing changes and `errors` has every failing line.
    """
    return await orders.place(storage, given)


@router.post("/with-notifications", status_code=201, responses=PLACING)
async def place_order_and_notify(given: OrderDraft, storage: StorageDep) -> Order:
    """Place an order and notify its user.

    Where only the notification fails, the order stands.
    """
    return await orders.place_and_notify(storage, given)


@router.get("")
async def list_orders(
    storage: StorageDep,
    page_request: OrdersWindow,
    status: Annotated[OrderStatus | None, Query()] = None,
    user_id: Annotated[Id | None, Query()] = None,
) -> Listing[OrderSummary]:
    """List orders, without their lines."""
    return Listing.of(
        await storage.orders.page(OrderFilter(status=status, user_id=user_id), page_request), page_request
    )


@router.get("/stats/summary")
async def get_sales_summary(storage: StorageDep) -> SalesSummary:
    """Get all orders in figures.

    Revenue leaves cancelled orders out; every status is listed, also those that no order has.
    """
    return await orders.summary(storage)


@router.get("/user/{user_id}")
async def list_user_orders(user_id: PathId, storage: StorageDep, page_request: OrdersWindow) -> Listing[OrderSummary]:
    """List a user's orders, without their lines."""
    return Listing.of(await orders.of_user(storage, user_id, page_request), page_request)


@router.get("/{id}")
async def get_order(id: PathId, storage: StorageDep) -> Order:
    """Get an order with its lines."""
    return await storage.orders.get(id)


@router.get("/{id}/details")
async def get_order_details(id: PathId, storage: StorageDep) -> OrderDetails:
    """Get an order with its user and, for each line, the product as it is now."""
    return await storage.orders.details(id)


@router.patch("/{id}/status", responses=refusals(InvalidTransition, StockLimit))
async def change_order_status(
    id: PathId, storage: StorageDep, new_status: OrderStatus, expected: ExpectedVersions
) -> StatusChange:
    """Move an order along.

    A pending order can be confirmed, a confirmed one shipped, a shipped one delivered; the first two can be cancelled,
    which puts their pieces back in stock, exactly once.
    """
    order = await orders.change_status(storage, id, new_status, expected)
    return StatusChange(order.id, order.status)


@router.post("/{id}/payments", status_code=201, responses=refusals(InvalidTransition, AmountMismatch))
async def pay_order(id: PathId, given: PaymentDraft, storage: StorageDep, expected: ExpectedVersions) -> Payment:
    """Pay a pending order in full.

    The amount must equal the order's total. The payment is stored and the order confirmed together.
    """
    return await orders.pay(storage, id, given, expected)
