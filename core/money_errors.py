"""Errors of refunds and of closing accounts; a part of the tree of ``core.errors``."""

from core.errors import BusinessRuleViolation, Conflict, FieldError


class AccountNotEmpty(Conflict):
    """An account that holds money cannot be closed."""

    code = "account-not-empty"
    title = "Account is not empty"

    def __init__(self) -> None:
        super().__init__("An account can be closed only at a balance of 0. Move its money to another account first.")


class MethodMismatch(BusinessRuleViolation):
    """The method of a payment needs an account, or does not allow one."""

    code = "method-mismatch"
    title = "Method and account do not match"

    def __init__(self, message: str) -> None:
        super().__init__(f"account_id: {message}", [FieldError("account_id", message, self.code)])


class RefundLimit(BusinessRuleViolation):
    """Less than the amount is left of the payment."""

    code = "refund-limit"
    title = "Refund exceeds the payment"


class AccountClosed(BusinessRuleViolation):
    """The account that money should go back to does not exist any more."""

    code = "account-closed"
    title = "Account is closed"

    def __init__(self, account_id: int) -> None:
        super().__init__(f"Account {account_id}, which paid, is closed: what it paid cannot be refunded to it.")
