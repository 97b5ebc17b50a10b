"""Payments of orders, and what is given back of them.

Locks are taken in the order: order, payment, account.
"""

from dataclasses import replace

from core import clock
from core.entities import PAYMENT, NewPayment, OrderStatus, Payment, PaymentDraft, PaymentFilter, PaymentStatus
from core.entities.construct import shallow_asdict
from core.entities.payments import ACCOUNT_METHOD
from core.errors import (
    AmountMismatch,
    FieldError,
    InsufficientFunds,
    InvalidTransition,
    NotFound,
    UnknownReference,
)
from core.money import to_json
from core.money_errors import AccountClosed, MethodMismatch, RefundLimit
from core.services.accounts import check_limit
from core.services.versioning import ExpectedVersions, bump_version, lock_expecting, save_changes
from core.storage import PageRequest, Storage, Transaction
from core.storage.pages import Page


async def pay(storage: Storage, order_id: int, draft: PaymentDraft, expected: ExpectedVersions = None) -> Payment:
    """Pay a pending order in full: the payment is stored, its account debited and the order confirmed together.

    Raises:
        InvalidTransition: the order is not pending.
        AmountMismatch: the amount is not the order's total.
        MethodMismatch: the account is missing for the method ``account``, or is there for another one.
        UnknownReference: the account does not exist.
        InsufficientFunds: its balance is below the amount.
    """

    async def work(tx: Transaction) -> Payment:
        order = await lock_expecting(tx.orders, order_id, expected)
        _check_method(draft)
        if order.status is not OrderStatus.PENDING:
            raise InvalidTransition(f"Only a pending order can be paid; this one is {order.status.value}.")
        if draft.amount != order.total_amount:
            error = FieldError("amount", f"Must be {to_json(order.total_amount)}.", "amount-mismatch")
            raise AmountMismatch("The amount must equal the order's total.", [error])
        if draft.account_id is not None:
            await _debit(tx, draft.account_id, draft.amount)
        await save_changes(tx.orders, order, {"status": OrderStatus.CONFIRMED})
        new = NewPayment(order_id=order_id, **shallow_asdict(draft))
        [payment] = await tx.entities(PAYMENT).add([new], clock.now())
        return payment

    return await storage.run(work)


def _check_method(draft: PaymentDraft) -> None:
    if draft.method == ACCOUNT_METHOD and draft.account_id is None:
        raise MethodMismatch(f"Is needed for the method {ACCOUNT_METHOD}.")
    if draft.method != ACCOUNT_METHOD and draft.account_id is not None:
        raise MethodMismatch(f"Is allowed for the method {ACCOUNT_METHOD} only.")


async def _debit(tx: Transaction, account_id: int, amount: int) -> None:
    try:
        account = await tx.accounts.lock(account_id)
    except NotFound:
        raise UnknownReference.of(["account_id"]) from None
    if account.balance < amount:
        error = FieldError("amount", "Exceeds the balance of the account.", "insufficient-funds")
        raise InsufficientFunds("The account does not hold that much.", [error])
    await save_changes(tx.accounts, account, {"balance": account.balance - amount})


async def refund(storage: Storage, id: int, amount: int, expected: ExpectedVersions = None) -> Payment:
    """Give back a part of a payment, in minor units; to the account that was debited, if one was.

    Raises:
        RefundLimit: less than the amount is left of the payment.
        AccountClosed: the account does not exist any more.
        AmountLimit: its balance would exceed ``MAX_TOTAL``.
    """

    async def work(tx: Transaction) -> Payment:
        payment = await lock_expecting(tx.entities(PAYMENT), id, expected)
        if amount > amount_left(payment):
            message = f"At most {to_json(amount_left(payment))} can be refunded."
            raise RefundLimit(message, [FieldError("amount", message, RefundLimit.code)])
        return await _refund(tx, payment, amount)

    return await storage.run(work)


async def refund_order(tx: Transaction, order_id: int) -> None:
    """Give back what is left of an order's payments; raises as ``refund``."""
    for payment in await tx.orders.lock_payments([order_id]):
        if amount_left(payment):
            await _refund(tx, payment, amount_left(payment))


def amount_left(payment: Payment) -> int:
    """What was not given back yet, in minor units."""
    return payment.amount - payment.refunded_amount


async def _refund(tx: Transaction, payment: Payment, amount: int) -> Payment:
    if payment.account_id is not None:
        await _credit(tx, payment.account_id, amount)
    total = payment.refunded_amount + amount
    status: PaymentStatus = "refunded" if total == payment.amount else "partially_refunded"
    after = bump_version(replace(payment, refunded_amount=total, status=status))
    await tx.entities(PAYMENT).save(after)
    return after


async def _credit(tx: Transaction, account_id: int, amount: int) -> None:
    try:
        account = await tx.accounts.lock(account_id)
    except NotFound:
        raise AccountClosed(account_id) from None
    check_limit(account, amount)
    await save_changes(tx.accounts, account, {"balance": account.balance + amount})


async def of_order(storage: Storage, order_id: int, page_request: PageRequest) -> Page[Payment]:
    """A page of the payments of an order."""
    page = await storage.entities(PAYMENT).page(PaymentFilter(order_id=order_id), page_request)
    if not page.items:
        await storage.orders.get(order_id)
    return page
