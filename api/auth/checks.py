"""Checks of requests against their user: an endpoint's permission names one, its route calls it before the endpoint.

They are not called for superusers.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from api.auth.visibility import RestrictedStorage
from api.http.fields import UserId
from core.entities import AccountDraft, Order, OrderDraft, OrderStatus, TransferDraft, User
from core.entities.orders import TRANSITIONS
from core.errors import FieldError, Forbidden, NotFound, UnknownReference

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Check(Generic[A]):
    """A check of one argument of the endpoint, which is found by its type, whatever it is called.

    Attributes:
        argument_type: as in the endpoint's signature; without exactly one such argument the route cannot be created.
        function: called with the user, the storage that the endpoint gets, and the argument; raises to refuse.
    """

    argument_type: type[A]
    function: Callable[[User, RestrictedStorage, A], Awaitable[None]]


async def is_own_id(user: User, _storage: RestrictedStorage, id: UserId) -> None:
    """The id of the path is the user's own: other users do not exist."""
    if id != user.id:
        raise NotFound("user", id)


async def body_user_is_self(user: User, _storage: RestrictedStorage, draft: OrderDraft | AccountDraft) -> None:
    """The body names the user. Whether another user that it names exists is not revealed."""
    if draft.user_id != user.id:
        raise _forbidden("user_id", "Must be your own.")


async def account_is_own_and_empty(user: User, storage: RestrictedStorage, draft: AccountDraft) -> None:
    """The account is the user's, and opens without money."""
    await body_user_is_self(user, storage, draft)
    if draft.balance:
        raise _forbidden("balance", "Must be 0: only superusers can deposit money.")


async def source_account_is_own(_user: User, storage: RestrictedStorage, draft: TransferDraft) -> None:
    """The money comes from an account of the user. Takes a round trip; the owner of an account never changes."""
    try:
        await storage.accounts.get(draft.from_account_id)
    except NotFound:
        raise UnknownReference.of(["from_account_id"]) from None


async def order_is_only_cancelled(_user: User, storage: RestrictedStorage, status: OrderStatus) -> None:
    """The new status is cancelled, and the order pending once it is locked; decided after its visibility."""

    def guard(order: Order) -> None:
        if status is not OrderStatus.CANCELLED:
            raise _forbidden("new_status", "Must be cancelled: only superusers can set another status.")
        is_cancellable = OrderStatus.CANCELLED in TRANSITIONS[order.status]
        if is_cancellable and order.status is not OrderStatus.PENDING:  # the others are refused by the use case
            raise Forbidden("You can cancel an order only while it is pending.")

    storage.order_guard = guard


def _forbidden(field: str, message: str) -> Forbidden:
    return Forbidden(f"{field}: {message}", [FieldError(field, message, Forbidden.code)])
