"""The changes that a storage has acknowledged: what must be stored after the workload."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from core.entities import OrderDraft, ProductDraft, TransferDraft


@dataclass(slots=True)
class AcknowledgedChanges:
    """Acknowledged changes, and those whose request got no answer, so that they may or may not have been made.

    Attributes:
        orders: by id, the draft and the total in the answer, in minor units.
        notified: ids of the users who were to be notified of an order.
        paid: ids of orders whose payment was acknowledged.
        cancelled: ids of orders whose cancellation was acknowledged.
        unanswered_orders: ids of orders for which a payment or a cancellation got no answer.
        products: by id, those that were added.
        restocked: pieces added, by product.
        transfers: acknowledged.
        unanswered: number of requests without an answer, by the kind of row that they would have added.
        unanswered_restocks: pieces that may have been added, by product.
    """

    orders: dict[int, tuple[OrderDraft, int]] = field(default_factory=dict)
    notified: set[int] = field(default_factory=set)
    paid: set[int] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)
    unanswered_orders: set[int] = field(default_factory=set)
    products: dict[int, ProductDraft] = field(default_factory=dict)
    restocked: Counter[int] = field(default_factory=Counter)
    transfers: list[TransferDraft] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    unanswered_restocks: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
