"""What the shop has acknowledged: what its books must show afterwards."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from core.entities import OrderDraft, ProductDraft, TransferDraft


@dataclass(slots=True)
class Ledger:
    """Acknowledged changes, and those of which nobody knows whether they were made.

    Attributes:
        orders: by id, what was ordered and the total that was told, in minor units.
        notified: users who were to be notified of an order.
        paid: ids of orders whose payment was acknowledged.
        cancelled: ids of orders whose cancellation was acknowledged.
        unsettled: ids of orders for which a payment or a cancellation got no answer.
        products: by id, those that were added.
        restocked: pieces added, by product.
        transfers: acknowledged.
        doubtful: how many requests of each operation got no answer: all of them may or may not have been carried out.
        perhaps_restocked: pieces that may have been added, by product.
    """

    orders: dict[int, tuple[OrderDraft, int]] = field(default_factory=dict)
    notified: set[int] = field(default_factory=set)
    paid: set[int] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)
    unsettled: set[int] = field(default_factory=set)
    products: dict[int, ProductDraft] = field(default_factory=dict)
    restocked: Counter[int] = field(default_factory=Counter)
    transfers: list[TransferDraft] = field(default_factory=list)
    doubtful: Counter[str] = field(default_factory=Counter)
    perhaps_restocked: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
