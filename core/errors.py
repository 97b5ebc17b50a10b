"""Everything that can go wrong, once. Backends raise these; ``api`` maps the tree to HTTP; nobody else translates.

A message here is written for the client: it never carries a driver's words, SQL, or a stack trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field.

    Attributes:
        field: path of the field in the request, such as ``items.0.quantity``.
        message: a sentence.
        code: a stable word for programs.
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
    """What the caller named does not exist."""

    code = "not-found"
    title = "Not found"

    def __init__(self, entity: str, key: object) -> None:
        super().__init__(f"There is no such {entity}: {str(key)[:80]}.")
        self.entity = entity


class ValidationFailed(StockroomError):
    """A value that can be seen to be wrong without asking storage: a broken cursor, an unknown sort field."""

    code = "validation-failed"
    title = "Validation failed"

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        super().__init__(f"{field}: {message}", [FieldError(field, message, code)])


class Conflict(StockroomError):
    """The change contradicts what is stored."""

    code = "conflict"
    title = "Conflict"


class Duplicate(Conflict):
    """Unique fields hold values that are taken.

    Attributes:
        fields: every such field, in the entity's declared order.
        aggregate: plural name of what holds the values already, such as ``tags``; empty where the request contradicts
            itself.
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

    def __init__(self, entity: str, by: str) -> None:
        super().__init__(
            f"The {entity} cannot be deleted while {by} refer to it.",
            [FieldError(by, f"Still refers to the {entity}.", "referenced")],
        )


class IdempotencyKeyInProgress(Conflict):
    """A request with the same idempotency key is being served."""

    code = "idempotency-key-in-use"
    title = "Key is in use"

    def __init__(self) -> None:
        super().__init__("A request with this key is being served. Ask again once it has been answered.")


class IdempotencyKeyMismatch(StockroomError):
    """The idempotency key belongs to another request."""

    code = "idempotency-key-reused"
    title = "Key belongs to another request"

    def __init__(self) -> None:
        super().__init__("This key was sent with another request. Each request needs a key of its own.")


class StoredResponseTooLarge(StockroomError):
    """The answer cannot be kept for those who ask again, so nothing was done."""

    code = "answer-too-large"
    title = "Answer is too large to be kept"

    def __init__(self) -> None:
        super().__init__("The answer is too large to be kept under a key. Send less at once, or without a key.")


class PreconditionFailed(StockroomError):
    """The entity is not at one of the versions that the caller expects: somebody else has changed it."""

    code = "precondition-failed"
    title = "Precondition failed"

    def __init__(self) -> None:
        super().__init__("Somebody has changed this since you read it. Read it again, and decide anew.")


class InvalidGrant(StockroomError):
    """Name and password, or a refresh token, that let nobody in; which of them is wrong is never said."""

    code = "invalid-grant"
    title = "Not let in"

    def __init__(self, detail: str = "This username or this password is wrong.") -> None:
        super().__init__(detail)


class TooManyAttempts(StockroomError):
    """It was tried too often of late.

    Attributes:
        retry_after: seconds until it may be tried again.
    """

    code = "too-many-attempts"
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__("This has failed too often. Try again later.")
        self.retry_after = retry_after


class Unauthenticated(StockroomError):
    """Nobody has logged in, or not with this token.

    Attributes:
        challenge: what the header ``WWW-Authenticate`` says (RFC 6750).
    """

    code = "unauthenticated"
    title = "Not logged in"

    def __init__(self, detail: str, challenge: str = "Bearer") -> None:
        super().__init__(detail)
        self.challenge = challenge


class Forbidden(StockroomError):
    """Whoever asks may know of it, but not do it."""

    code = "forbidden"
    title = "Forbidden"


class BusinessRuleViolation(StockroomError):
    """A rule of the shop forbids it."""

    code = "rule-violated"
    title = "Not allowed"


class UnknownReference(BusinessRuleViolation):
    """A field of the body refers to something that does not exist."""

    code = "unknown-reference"
    title = "Unknown reference"

    @classmethod
    def of(cls, fields: Sequence[str]) -> "UnknownReference":
        """The error that names ``fields``."""
        errors = [FieldError(field, "Refers to something that does not exist.", cls.code) for field in fields]
        return cls(f"Refers to something that does not exist: {', '.join(fields)}.", errors)


class InsufficientStock(BusinessRuleViolation):
    """There are fewer pieces than wanted."""

    code = "insufficient-stock"
    title = "Insufficient stock"


class InactiveProduct(BusinessRuleViolation):
    """The product is not for sale."""

    code = "inactive-product"
    title = "Product is not for sale"


class StockLimit(BusinessRuleViolation):
    """The stock would exceed ``MAX_QUANTITY``."""

    code = "stock-limit"
    title = "Stock would exceed its limit"


class InvalidTransition(BusinessRuleViolation):
    """The status of the order does not lead there."""

    code = "invalid-transition"
    title = "Invalid status transition"


class AmountMismatch(BusinessRuleViolation):
    """The amount is not the one that is due."""

    code = "amount-mismatch"
    title = "Amount does not match"


class WrongPassword(BusinessRuleViolation):
    """The current password is another one."""

    code = "wrong-password"
    title = "Wrong password"

    def __init__(self) -> None:
        super().__init__("This is not the current password.")


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
    """A category would be below itself."""

    code = "category-cycle"
    title = "Categories would form a cycle"


class Unavailable(StockroomError):
    """Storage cannot serve the request now; the same request may succeed later.

    Attributes:
        retry_after: seconds a client is asked to wait.
    """

    code = "storage-unavailable"
    title = "Storage is unavailable"
    retry_after = 1

    def __init__(self, detail: str = "The storage does not answer. Try again later.") -> None:
        super().__init__(detail)


class PoolExhausted(Unavailable):
    """No connection became free in time."""

    code = "pool-exhausted"
    title = "Too many requests at once"

    def __init__(self) -> None:
        super().__init__("All connections to the storage are in use. Try again later.")


class RetriesExhausted(Unavailable):
    """Transient conflicts went on longer than the bounded retries."""

    code = "too-many-conflicts"
    title = "Too many conflicting requests"

    def __init__(self) -> None:
        super().__init__("Other requests kept changing the same data. Try again later.")


class TransientConflict(StockroomError):
    """A backend's word to its own ``run``: undo the unit of work and run all of it again. Never reaches a caller."""

    code = "transient-conflict"
    title = "Transient conflict"

    def __init__(self, detail: str = "Another unit of work touched the same data.") -> None:
        super().__init__(detail)


class Unsupported(StockroomError):
    """The operation is not among the capabilities that the storage declares."""

    code = "unsupported"
    title = "Not supported by this storage"


class ConfigurationError(StockroomError):
    """The start is refused. ``detail`` names the setting and the remedy; the command exits with code 2."""

    code = "configuration"
    title = "Configuration error"
