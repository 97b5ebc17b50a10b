"""What a storage can do, as data: declared by a backend, probed at opening, never inferred from a name.

``CAPABILITY_INFO`` lists every capability: the command prints it, ``docs/capabilities.md`` repeats it, and the
conformance kit tests each of them in both directions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, get_type_hints

from core.errors import ConfigurationError


class CapabilityKind(StrEnum):
    """What a declaration means.

    Attributes:
        OPERATION: what is not declared is refused with ``Unsupported``.
        VALUE: the storage behaves exactly as declared, neither better nor worse.
        GUARANTEE: what is not declared must not be counted on.
    """

    OPERATION = "operation"
    VALUE = "value"
    GUARANTEE = "guarantee"


@dataclass(frozen=True, slots=True)
class CapabilityInfo:
    """A capability: one thing in which storages differ.

    Attributes:
        kind: what declaring it means.
        meaning: what it changes for the API or the operator.
        mandatory: whether the shop cannot do without.
    """

    kind: CapabilityKind
    meaning: str
    mandatory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The capabilities of a storage. Those with a default are mandatory; they are there to be probed."""

    transactions: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "A unit of work over several entities is all or nothing: no order is stored without its stock being taken.",
            mandatory=True,
        ),
    ] = True
    isolated: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "What a unit of work has written is invisible to others until it commits, so no response shows undone "
            "data.",
            mandatory=True,
        ),
    ] = True
    unique_keys: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Of two units of work that store the same unique value at once, one gets Duplicate, and the client a 409.",
            mandatory=True,
        ),
    ] = True
    references: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "No reference leads to an entity that does not exist, also if that one is deleted at the same moment.",
            mandatory=True,
        ),
    ] = True
    guarded_writes: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "No change is lost: an entity that one unit of work has locked is changed by another only after it, based "
            "on its result.",
            mandatory=True,
        ),
    ] = True
    read_your_writes: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Every read that begins after a unit of work has committed sees it, through every connection and process.",
            mandatory=True,
        ),
    ] = True

    savepoints: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Transaction.savepoint`: a part of a unit of work can be undone while the rest is kept. Without it, an "
            "order's notification is a second unit of work, and is lost if the process ends between the two.",
        ),
    ]
    downgrades: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Migrations.down`: the schema can go back to an earlier revision. Without it, `stockroom migrate down` "
            "is refused; restore a backup instead.",
        ),
    ]
    offline_migrations: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Migrations.script`: migrations can be printed as a script to run by hand. Without it, `stockroom "
            "migrate sql` is refused, and Stockroom must connect to the database to migrate it.",
        ),
    ]
    reports_size: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Storage.size`: the storage knows how many bytes its data takes, and `stockroom check` shows it.",
        ),
    ]

    embedded: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "No server is needed, and the schema is created when the storage is opened. Otherwise a storage whose "
            "schema is not current is refused at the start, until `stockroom migrate up` has been run.",
        ),
    ]
    pooled: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "At most `POOL_SIZE` + `POOL_MAX_OVERFLOW` units of work and reads run at once in a process; a request "
            "that waits longer than `POOL_TIMEOUT` gets a 503. Otherwise reads have no limit, and the pool's figures "
            "are 0.",
        ),
    ]
    max_writers: Annotated[
        int | None,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "Maximum number of open units of work, whatever they write; the next one waits for at most `POOL_TIMEOUT` "
            "and then fails with a 503. With 1 they run one after another, so more server processes add no writes.",
        ),
    ]
    blocking_locks: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "A unit of work that needs a locked entity waits until it is released, and runs once. Otherwise it fails "
            "and runs again, so contention costs processor time and the order of waiting is not kept.",
        ),
    ]
    id_block: Annotated[
        int,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "Number of ids that a process of a new shop reserves at once; in a large one it may be more. With 1, ids "
            "ascend in the order of creation. With more, a later entity may have a lower id than one of another "
            "process, and a killed process skips some.",
        ),
    ]

    durable: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "What was acknowledged survives the end of the process, also a sudden one. Without it, a restart begins "
            "with an empty shop.",
        ),
    ]
    shared: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Several server processes may use one storage at once. Without it, `stockroom serve` must run with one "
            "worker, and every command that opens the storage sees another, empty one.",
        ),
    ]
    repeatable_reads: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "What a unit of work has read without a lock is the same when it is read again. Without it, each read "
            "sees the latest commit: several reads that must fit together have to lock.",
        ),
    ]
    serializable: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Two units of work never each change what the other one has only read (write skew). Without it, what a "
            "rule depends on must be locked.",
        ),
    ]
    concurrent_reads: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Reads do not wait for units of work that have written the same rows. Without it, a slow write delays "
            "every response that reads those rows.",
        ),
    ]

    def require(self, probed: "Capabilities", backend: str) -> None:
        """Compare this declaration with what was ``probed``.

        Raises:
            ConfigurationError: something mandatory is missing, declared or not; the storage can do less than its
                backend declares; or it has another value.
        """
        for name, info in CAPABILITY_INFO.items():
            if info.mandatory and not (getattr(self, name) and getattr(probed, name)):
                raise ConfigurationError(
                    f"{backend}: this storage does not have {name}, which the shop cannot do without. {info.meaning}"
                )
        missing = [
            name
            for name, info in CAPABILITY_INFO.items()
            if not _is_met(info, getattr(self, name), getattr(probed, name))
        ]
        if missing:
            raise ConfigurationError(f"{backend}: declared, but not found on this storage: {', '.join(missing)}.")


def _is_met(info: CapabilityInfo, declared: int | None, probed: int | None) -> bool:
    return declared == probed or (info.kind is not CapabilityKind.VALUE and not declared)


def _read_infos() -> Mapping[str, CapabilityInfo]:
    hints = get_type_hints(Capabilities, include_extras=True)
    return MappingProxyType({field.name: hints[field.name].__metadata__[0] for field in fields(Capabilities)})


CAPABILITY_INFO = _read_infos()
"""Every capability, by its name in ``Capabilities``."""
