"""Payments of orders."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.entities.fields import FORBID_EXTRA, Id, Money, Price, Text, VersionedEntity

Method = Annotated[str, Text(1, 50)]
Reference = Annotated[str, Text(0, 255)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment of a whole order. ``method`` is the payment provider's word, such as ``card``."""

    __pydantic_config__ = FORBID_EXTRA

    amount: Price
    method: Method
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(VersionedEntity):
    """A stored payment."""

    order_id: Id
    amount: Money
    method: str
    reference: str | None
    status: Literal["completed"] = "completed"
