"""Payments; an order is paid at ``/orders/{id}/payments``."""

from typing import Annotated

from fastapi import Depends, Query

from api.auth.permissions import SUPERUSERS, Audience, Permission
from api.dependencies import StorageDep
from api.http.fields import Id, PathId
from api.openapi import problem_responses
from api.pagination import PageResponse, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import PAYMENT, Payment, PaymentFilter, PaymentStatus, RefundDraft
from core.errors import AmountLimit
from core.money_errors import AccountClosed, RefundLimit
from core.services import payments
from core.storage import PageRequest, sorts

router = Router("payments")

OWN_PAYMENTS = Permission(audience=Audience.USER, description="those of its own orders")

PaymentsPage = Annotated[PageRequest, Depends(sortable(sorts.PAYMENTS))]


@router.get("", permission=SUPERUSERS)
async def list_payments(
    storage: StorageDep,
    page_request: PaymentsPage,
    order_id: Annotated[Id | None, Query()] = None,
    account_id: Annotated[Id | None, Query()] = None,
    status: Annotated[PaymentStatus | None, Query()] = None,
) -> PageResponse[Payment]:
    """List payments."""
    wanted = PaymentFilter(order_id=order_id, account_id=account_id, status=status)
    return PageResponse.of(await storage.entities(PAYMENT).page(wanted, page_request), page_request)


@router.get("/{id}", permission=OWN_PAYMENTS)
async def get_payment(id: PathId, storage: StorageDep) -> Payment:
    """Get a payment."""
    return await storage.entities(PAYMENT).get(id)


@router.post(
    "/{id}/refunds",
    permission=SUPERUSERS,
    status_code=201,
    responses=problem_responses(RefundLimit, AccountClosed, AmountLimit),
)
async def refund_payment(id: PathId, given: RefundDraft, storage: StorageDep, expected: ExpectedVersions) -> Payment:
    """Refund a payment, in whole or in part.

    The refunds of a payment never exceed its amount. What an account paid goes back to it, in the same unit of work.
    """
    return await payments.refund(storage, id, given.amount, expected)
