"""The tree of errors. Backends raise them, and ``api`` alone maps them to HTTP.

Messages are for clients: they never hold a driver's message, SQL or a stack trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field.

    Attributes:
        field: path of the field in the request, such as ``items.0.quantity``.
        message: a sentence.
        code: a stable identifier for programs.
    """

    field: str
    message: str
    code: str


class StockroomError(Exception):
    """Root of the tree.

    Attributes:
        code: stable, hyphenated name of the kind of error; the last part of the problem's ``type``.
        title: the kind of error in a few words.
        detail: a sentence about this occurrence.
        errors: what is wrong with which field, where fields are to blame.
    """

    code = "internal-error"
    title = "Internal error"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class NotFound(StockroomError):
    """The entity does not exist."""

    code = "not-found"
    title = "Not found"

    def __init__(self, entity: str, key: object) -> None:
        super().__init__(f"There is no such {entity}: {str(key)[:80]}.")
        self.entity = entity


class ValidationFailed(StockroomError):
    """A value is invalid whatever is stored: a broken cursor, an unknown sort field."""

    code = "validation-failed"
    title = "Validation failed"

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        super().__init__(f"{field}: {message}", [FieldError(field, message, code)])


class Conflict(StockroomError):
    """The change contradicts what is stored."""

    code = "conflict"
    title = "Conflict"


class Duplicate(Conflict):
    """Values of unique fields are already taken.

    Attributes:
        fields: every such field, in the entity's declared order.
        aggregate: plural name of the entities that hold the values, such as ``tags``; empty where the request itself
            holds a value twice.
    """

    code = "duplicate"
    title = "Duplicate value"

    def __init__(self, fields: Sequence[str], aggregate: str = "") -> None:
        errors = [FieldError(field, "This value is already taken.", "duplicate") for field in fields]
        super().__init__(f"Already taken: {', '.join(fields)}.", errors)
        self.fields = tuple(fields)
        self.aggregate = aggregate


class StillReferenced(Conflict):
    """The entity cannot be deleted while others, named by ``by``, refer to it."""

    code = "referenced"
    title = "Still referenced"

    def __init__(self, entity: str, by: str, detail: str = "") -> None:
        super().__init__(
            detail or f"The {entity} cannot be deleted while {by} refer to it.",
            [FieldError(by, f"Still refers to the {entity}.", "referenced")],
        )


class IdempotencyKeyInProgress(Conflict):
    """A request with the same idempotency key is in progress."""

    code = "idempotency-key-in-use"
    title = "Idempotency key in use"

    def __init__(self) -> None:
        super().__init__("A request with this idempotency key is in progress. Try again after it has been answered.")


class IdempotencyKeyMismatch(StockroomError):
    """The idempotency key belongs to another request."""

    code = "idempotency-key-reused"
    title = "Idempotency key reused"

    def __init__(self) -> None:
        super().__init__(
            "This idempotency key was already used for a different request. Use a new key for each request."
        )


class StoredResponseTooLarge(StockroomError):
    """The response is too large to be stored for a replay, so nothing was done."""

    code = "answer-too-large"
    title = "Response too large to store"

    def __init__(self) -> None:
        super().__init__(
            "The response is too large to be stored under an idempotency key. Send less at once, or no key."
        )


class PreconditionFailed(StockroomError):
    """The entity is not at one of the versions that the caller expects: it was changed since."""

    code = "precondition-failed"
    title = "Precondition failed"

    def __init__(self) -> None:
        super().__init__("The entity was changed after you read it. Read it again before you change it.")


class InvalidGrant(StockroomError):
    """The credentials or the refresh token are not valid; which of them is wrong is never said."""

    code = "invalid-grant"
    title = "Invalid credentials"

    def __init__(self, detail: str = "The username or the password is wrong.") -> None:
        super().__init__(detail)


class TooManyAttempts(StockroomError):
    """Attempts failed too often within the configured time.

    Attributes:
        retry_after: seconds until the next attempt is allowed.
    """

    code = "too-many-attempts"
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many failed attempts. Try again later.")
        self.retry_after = retry_after


class Unauthenticated(StockroomError):
    """The request needs a valid access token."""

    code = "unauthenticated"
    title = "Authentication required"


class Forbidden(StockroomError):
    """The user may know of the entity, but not do this."""

    code = "forbidden"
    title = "Forbidden"


class BusinessRuleViolation(StockroomError):
    """A business rule forbids the change."""

    code = "rule-violated"
    title = "Not allowed"


class UnknownReference(BusinessRuleViolation):
    """A field of the body refers to an entity that does not exist."""

    code = "unknown-reference"
    title = "Unknown reference"

    @classmethod
    def of(cls, fields: Sequence[str]) -> "UnknownReference":
        """The error that names ``fields``."""
        errors = [FieldError(field, "Refers to something that does not exist.", cls.code) for field in fields]
        return cls(f"Refers to something that does not exist: {', '.join(fields)}.", errors)


class InsufficientStock(BusinessRuleViolation):
    """The stock is below the requested quantity."""

    code = "insufficient-stock"
    title = "Insufficient stock"


class InactiveProduct(BusinessRuleViolation):
    """The product is inactive."""

    code = "inactive-product"
    title = "Product is not for sale"


class StockLimit(BusinessRuleViolation):
    """The stock would exceed ``MAX_QUANTITY``."""

    code = "stock-limit"
    title = "Stock would exceed its limit"


class InvalidTransition(BusinessRuleViolation):
    """The order's status does not allow the new status."""

    code = "invalid-transition"
    title = "Invalid status transition"


class AmountMismatch(BusinessRuleViolation):
    """The amount is not the amount due."""

    code = "amount-mismatch"
    title = "Amount does not match"


class WrongPassword(BusinessRuleViolation):
    """The given current password is wrong."""

    code = "wrong-password"
    title = "Wrong password"

    def __init__(self) -> None:
        super().__init__("The current password is wrong.")


class AmountLimit(BusinessRuleViolation):
    """An amount would exceed ``core.money.MAX_TOTAL``."""

    code = "amount-limit"
    title = "Amount exceeds its limit"


class InsufficientFunds(BusinessRuleViolation):
    """The balance is below the amount."""

    code = "insufficient-funds"
    title = "Insufficient funds"


class SameAccount(BusinessRuleViolation):
    """A transfer needs two accounts."""

    code = "same-account"
    title = "Both accounts are the same"


class CategoryCycle(BusinessRuleViolation):
    """A category would be its own ancestor."""

    code = "category-cycle"
    title = "Categories would form a cycle"


class Unavailable(StockroomError):
    """Storage cannot serve the request now; the same request may succeed later.

    Attributes:
        retry_after: seconds that a client should wait.
    """

    code = "storage-unavailable"
    title = "Storage is unavailable"
    retry_after = 1

    def __init__(self, detail: str = "The storage does not answer. Try again later.") -> None:
        super().__init__(detail)


class PoolExhausted(Unavailable):
    """No connection became available in time."""

    code = "pool-exhausted"
    title = "Too many requests at once"

    def __init__(self) -> None:
        super().__init__("All connections to the storage are in use. Try again later.")


class RetriesExhausted(Unavailable):
    """Transient conflicts persisted through all retries."""

    code = "too-many-conflicts"
    title = "Too many conflicting requests"

    def __init__(self) -> None:
        super().__init__("Other requests kept changing the same data. Try again later.")


class TransientConflict(StockroomError):
    """Makes a backend's ``run`` undo the unit of work and run it again. Never reaches a caller of ``run``."""

    code = "transient-conflict"
    title = "Transient conflict"

    def __init__(self, detail: str = "Another unit of work touched the same data.") -> None:
        super().__init__(detail)


class Unsupported(StockroomError):
    """The storage declares that it cannot do this."""

    code = "unsupported"
    title = "Not supported by this storage"


class ConfigurationError(StockroomError):
    """The application cannot start. ``detail`` names the setting and the remedy; the command exits with code 2."""

    code = "configuration"
    title = "Configuration error"
