"""Orders and their payments."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Body, Depends, Query

from api.auth.checks import Check, body_user_is_self, is_own_id, order_is_only_cancelled
from api.auth.permissions import SUPERUSERS, Audience, Permission
from api.dependencies import StorageDep
from api.http.fields import Id, PathId, UserId, UserPathId
from api.openapi import problem_responses
from api.pagination import PageResponse, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import (
    Order,
    OrderDetails,
    OrderDraft,
    OrderPatch,
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
    InsufficientFunds,
    InsufficientStock,
    InvalidTransition,
    StockLimit,
    UnknownReference,
)
from core.money_errors import AccountClosed, MethodMismatch
from core.services import orders, payments
from core.storage import OrderFilter, PageRequest, sorts

router = Router("orders")

OWN_ORDERS = Permission(audience=Audience.USER, description="its own orders")
OWN_ORDERS_LIST = Permission(audience=Audience.USER, description="its own orders; of another `user_id` there are none")
OWN_USER_ORDERS = Permission(audience=Audience.USER, description="itself", check=Check(UserId, is_own_id))
OWN_DRAFT = Permission(
    audience=Audience.USER,
    description="for itself: another `user_id` is 403",
    check=Check(OrderDraft, body_user_is_self),
    can_forbid=True,
)
OWN_CANCELLATION = Permission(
    audience=Audience.USER,
    description="cancels its own order while that is pending: anything else is 403",
    check=Check(OrderStatus, order_is_only_cancelled),
    can_forbid=True,
)

OrderPaymentsPage = Annotated[PageRequest, Depends(sortable(sorts.PAYMENTS))]
OrdersPage = Annotated[PageRequest, Depends(sortable(sorts.ORDERS))]
PLACING_ERRORS = problem_responses(UnknownReference, InactiveProduct, InsufficientStock, AmountLimit)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An order and its new status."""

    order_id: int
    new_status: OrderStatus


@router.post("", permission=OWN_DRAFT, status_code=201, responses=PLACING_ERRORS)
async def place_order(given: OrderDraft, storage: StorageDep) -> Order:
    """Place an order.

    Every product must exist, be active and have the stock, summed over all lines. The stock is taken and the prices
    are captured in one unit of work; otherwise nothing changes and `errors` has every failing line.
    """
    return await orders.place(storage, given)


@router.post("/with-notifications", permission=OWN_DRAFT, status_code=201, responses=PLACING_ERRORS)
async def place_order_and_notify(given: OrderDraft, storage: StorageDep) -> Order:
    """Place an order and notify its user.

    If only the notification fails, the order is kept.
    """
    return await orders.place_and_notify(storage, given)


@router.get("", permission=OWN_ORDERS_LIST)
async def list_orders(
    storage: StorageDep,
    page_request: OrdersPage,
    status: Annotated[OrderStatus | None, Query()] = None,
    user_id: Annotated[Id | None, Query()] = None,
) -> PageResponse[OrderSummary]:
    """List orders, without their lines."""
    return PageResponse.of(
        await storage.orders.page(OrderFilter(status=status, user_id=user_id), page_request), page_request
    )


@router.get("/stats/summary", permission=SUPERUSERS)
async def get_sales_summary(storage: StorageDep, user_id: Annotated[Id | None, Query()] = None) -> SalesSummary:
    """Get the number of orders and their revenue, of all users or of one.

    Revenue excludes cancelled orders; every status is listed, also those without orders.
    """
    return await orders.summary(storage, user_id)


@router.get("/user/{user_id}", permission=OWN_USER_ORDERS)
async def list_user_orders(
    user_id: UserPathId, storage: StorageDep, page_request: OrdersPage
) -> PageResponse[OrderSummary]:
    """List a user's orders, without their lines."""
    return PageResponse.of(await orders.of_user(storage, user_id, page_request), page_request)


@router.get("/{id}", permission=OWN_ORDERS)
async def get_order(id: PathId, storage: StorageDep) -> Order:
    """Get an order with its lines."""
    return await storage.orders.get(id)


@router.patch(
    "/{id}",
    permission=OWN_ORDERS,
    responses=problem_responses(
        InvalidTransition, UnknownReference, InactiveProduct, InsufficientStock, StockLimit, AmountLimit
    ),
)
async def update_order(
    id: PathId, given: Annotated[OrderPatch, Body()], storage: StorageDep, expected: ExpectedVersions
) -> Order:
    """Change the lines or the address of a pending order.

    `items` replaces all lines; stock and total follow in one unit of work. A product that was ordered before keeps its
    price.
    """
    return await orders.edit(storage, id, given, expected)


@router.get("/{id}/details", permission=OWN_ORDERS)
async def get_order_details(id: PathId, storage: StorageDep) -> OrderDetails:
    """Get an order with its user and, for each line, the product as it is now."""
    return await storage.orders.details(id)


@router.patch(
    "/{id}/status",
    permission=OWN_CANCELLATION,
    responses=problem_responses(InvalidTransition, StockLimit, AccountClosed, AmountLimit),
)
async def change_order_status(
    id: PathId, storage: StorageDep, new_status: OrderStatus, expected: ExpectedVersions
) -> StatusChange:
    """Change the status of an order.

    A pending order can be confirmed, a confirmed one shipped, a shipped one delivered; the first two can be cancelled,
    which puts their pieces back in stock and refunds what is left of their payments, exactly once.
    """
    order = await orders.change_status(storage, id, new_status, expected)
    return StatusChange(order.id, order.status)


@router.post(
    "/{id}/payments",
    permission=OWN_ORDERS,
    status_code=201,
    responses=problem_responses(InvalidTransition, AmountMismatch, MethodMismatch, UnknownReference, InsufficientFunds),
)
async def pay_order(id: PathId, given: PaymentDraft, storage: StorageDep, expected: ExpectedVersions) -> Payment:
    """Pay a pending order in full.

    The amount must equal the order's total. The payment is stored and the order confirmed together; with the method
    `account`, the account `account_id` is debited in the same unit of work.
    """
    return await payments.pay(storage, id, given, expected)


@router.get("/{id}/payments", permission=OWN_ORDERS)
async def list_order_payments(
    id: PathId, storage: StorageDep, page_request: OrderPaymentsPage
) -> PageResponse[Payment]:
    """List the payments of an order."""
    return PageResponse.of(await payments.of_order(storage, id, page_request), page_request)
