"""Payments of orders."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.entities.values import CLOSED, Id, Money, Price, Record, Text

Method = Annotated[str, Text(1, 50)]
Reference = Annotated[str, Text(0, 255)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment of a whole order. ``method`` is the payment provider's word, such as ``card``."""

    __pydantic_config__ = CLOSED

    amount: Price
    method: Method
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Record):
    """A stored payment."""

    order_id: Id
    amount: Money
    method: str
    reference: str | None
    status: Literal["completed"] = "completed"
