"""What users may ask about what is theirs: the checks and guards that the rows of ``api.access`` name.

A check looks at the arguments before the endpoint is called; a guard looks at an entity that is held, inside the unit
of work, before it is changed. Both refuse by raising.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.entities import OrderStatus, OrderSummary, Post, PostStatus, User
from core.entities.orders import TRANSITIONS
from core.errors import FieldError, Forbidden, NotFound, UnknownReference

Values = Mapping[str, Any]
"""The arguments of an endpoint, by name."""

Check = Callable[[User, Values], Awaitable[None]]
Guard = Callable[[Values, Any], None]


def itself(parameter: str) -> Check:
    """The check that a parameter is the user's own id: others do not exist."""

    async def check(user: User, values: Values) -> None:
        if values[parameter] != user.id:
            raise NotFound("user", values[parameter])

    return check


async def for_itself(user: User, values: Values) -> None:
    """The body names the user. Whether there is the one that it names instead is not told."""
    if values["given"].user_id != user.id:
        raise _forbidden("user_id", "Must be your own.")


async def for_itself_and_empty(user: User, values: Values) -> None:
    """The same, of an account that brings no money into the shop."""
    await for_itself(user, values)
    if values["given"].balance:
        raise _forbidden("balance", "Must be 0: superusers alone bring money in.")


async def from_its_own(_user: User, values: Values) -> None:
    """The money comes from an account of the user; others do not exist. Takes a round trip; owners never change."""
    try:
        await values["storage"].accounts.get(values["given"].from_account_id)
    except NotFound:
        raise UnknownReference.of(["from_account_id"]) from None


def cancels_pending(values: Values, order: OrderSummary) -> None:
    """The order is pending, and to be cancelled. What nobody could do is left to the use case to refuse."""
    if values["new_status"] is not OrderStatus.CANCELLED:
        raise _forbidden("new_status", "Must be cancelled: superusers alone move orders along.")
    if order.status is not OrderStatus.PENDING and OrderStatus.CANCELLED in TRANSITIONS[order.status]:
        raise Forbidden("You can cancel an order only while it is pending.")


def is_published(_values: Values, post: Post) -> None:
    """The post is published: its author may read it before, but not count views."""
    if post.status is not PostStatus.PUBLISHED:
        raise Forbidden("A post is viewed once it is published.")


def _forbidden(field: str, message: str) -> Forbidden:
    return Forbidden(f"{field}: {message}", [FieldError(field, message, Forbidden.code)])
