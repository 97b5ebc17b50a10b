"""Payments of orders."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.entities.entity_type import EntityType, OnDelete, Reference
from core.entities.fields import FORBID_EXTRA, Id, Price, Text, Total, VersionedEntity

ACCOUNT_METHOD = "account"
"""The method of a payment whose amount is debited to an account."""

Method = Annotated[str, Text(1, 50)]
ProviderReference = Annotated[str, Text(0, 255)]
PaymentStatus = Literal["completed", "partially_refunded", "refunded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment of a whole order.

    Attributes:
        method: ``account``, or the payment provider's word, such as ``card``.
        account_id: the account that is debited; only with the method ``account``, which needs one.
    """

    __pydantic_config__ = FORBID_EXTRA

    amount: Price
    method: Method
    account_id: Id | None = None
    reference: ProviderReference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment(PaymentDraft):
    """A payment of an order."""

    order_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDraft:
    """Money that is given back of a payment."""

    __pydantic_config__ = FORBID_EXTRA

    amount: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(VersionedEntity):
    """A stored payment; ``refunded_amount`` of it was given back."""

    order_id: Id
    amount: Price
    refunded_amount: Total = 0
    method: Method
    account_id: Id | None
    reference: ProviderReference | None
    status: PaymentStatus = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments a list has."""

    order_id: int | None = None
    account_id: int | None = None
    status: PaymentStatus | None = None


PAYMENT = EntityType(
    entity=Payment,
    name="payment",
    plural="payments",
    references=[
        Reference("order_id", "orders", OnDelete.CASCADE),
        Reference("account_id", "accounts", OnDelete.KEEP),
    ],
    filter=PaymentFilter,
)
