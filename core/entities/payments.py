"""Payments of orders."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.entities.entity_type import EntityType, OnDelete, Reference
from core.entities.fields import FORBID_EXTRA, Id, Price, Text, VersionedEntity

Method = Annotated[str, Text(1, 50)]
ProviderReference = Annotated[str, Text(0, 255)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment of a whole order. ``method`` is the payment provider's word, such as ``card``."""

    __pydantic_config__ = FORBID_EXTRA

    amount: Price
    method: Method
    reference: ProviderReference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment(PaymentDraft):
    """A payment of an order."""

    order_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(VersionedEntity):
    """A stored payment."""

    order_id: Id
    amount: Price
    method: Method
    reference: ProviderReference | None
    status: Literal["completed"] = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments a list has."""

    order_id: int | None = None


PAYMENT = EntityType(
    entity=Payment,
    name="payment",
    plural="payments",
    references=[Reference("order_id", "orders", OnDelete.CASCADE)],
    filter=PaymentFilter,
)
