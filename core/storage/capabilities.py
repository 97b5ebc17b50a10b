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
            "A unit of work over several entities is all or nothing: no order without its stock taken.",
            mandatory=True,
        ),
    ] = True
    isolated: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Writes of a unit of work are invisible to others until it has committed: no answer shows what is undone.",
            mandatory=True,
        ),
    ] = True
    unique_keys: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Of two units of work that store the same unique value at once, one gets Duplicate: the client a 409.",
            mandatory=True,
        ),
    ] = True
    references: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Nothing refers to what does not exist, also where it is deleted at the moment in which it is referred to.",
            mandatory=True,
        ),
    ] = True
    guarded_writes: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "No change is lost: what one unit of work has locked, another changes only after it, and on top of it.",
            mandatory=True,
        ),
    ] = True
    read_your_writes: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Whatever begins after a unit of work has committed sees it, through every connection and every process.",
            mandatory=True,
        ),
    ] = True

    savepoints: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Transaction.savepoint`: a part of a unit of work can be undone while the rest stands. Without, an "
            "order's notification is a second unit of work, and is lost if the process ends between the two.",
        ),
    ]
    downgrades: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Migrations.down`: the schema can go back. Without, `stockroom migrate down` is refused, and the way back "
            "is a backup.",
        ),
    ]
    offline_migrations: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Migrations.script`: migrations can be written out and run by hand. Without, `stockroom migrate sql` is "
            "refused, and migrating needs a connection from Stockroom.",
        ),
    ]
    reports_size: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.OPERATION,
            "`Storage.size`: the storage knows how many bytes its data takes, and `stockroom check` says so.",
        ),
    ]

    embedded: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "No server is needed, and the schema is made when the storage is opened. Otherwise a storage whose schema "
            "is not current is refused at the start, until `stockroom migrate up` was run.",
        ),
    ]
    pooled: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "At most `POOL_SIZE` + `POOL_MAX_OVERFLOW` units of work and reads run at once in a process; a request "
            "that waits `POOL_TIMEOUT` is answered 503. Otherwise nothing limits reads, and the pool's figures are 0.",
        ),
    ]
    max_writers: Annotated[
        int | None,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "How many units of work may be open at once, whatever they touch; the next one waits, at most "
            "`POOL_TIMEOUT`, and is then answered 503. With 1 they take turns: more server processes add no writes.",
        ),
    ]
    blocking_locks: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "A unit of work that needs what another one has locked waits in a queue, and is run once. Otherwise it is "
            "refused and run again: contention costs processor time, and the order is not fair.",
        ),
    ]
    id_block: Annotated[
        int,
        CapabilityInfo(
            CapabilityKind.VALUE,
            "How many ids a process reserves at once. With 1, ids ascend in the order of creation. With more, a later "
            "entity may have a lower id than one made through another process, and a restart skips what was left.",
        ),
    ]

    durable: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "What was acknowledged survives the end of the process, also a sudden one. Without, a restart begins with "
            "an empty shop.",
        ),
    ]
    shared: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Several server processes may use one storage at once. Without, `stockroom serve` must run with one "
            "worker, and every command that opens the storage sees another one.",
        ),
    ]
    repeatable_reads: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "What a unit of work has read without a lock stays as it was when it reads it again. Without, each read "
            "sees the latest: several reads that must fit together must lock.",
        ),
    ]
    serializable: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Two units of work never each change what the other one has only read (write skew). Without, what a rule "
            "depends on must be locked.",
        ),
    ]
    concurrent_reads: Annotated[
        bool,
        CapabilityInfo(
            CapabilityKind.GUARANTEE,
            "Reads do not wait for units of work that have written the same rows. Without, a slow write delays every "
            "answer that shows what it touches.",
        ),
    ]

    def require(self, probed: "Capabilities", backend: str) -> None:
        """Compare this declaration with what was ``probed``.

        Raises:
            ConfigurationError: something mandatory is missing, declared or not; the storage can do less than its
                backend declares; or it has another value.
        """
        for name, axis in CAPABILITY_INFO.items():
            if axis.mandatory and not (getattr(self, name) and getattr(probed, name)):
                raise ConfigurationError(
                    f"{backend}: this storage does not have {name}, which the shop cannot do without. {axis.meaning}"
                )
        missing = [
            name
            for name, axis in CAPABILITY_INFO.items()
            if not _keeps(axis, getattr(self, name), getattr(probed, name))
        ]
        if missing:
            raise ConfigurationError(f"{backend}: declared, but not found on this storage: {', '.join(missing)}.")


def _keeps(axis: CapabilityInfo, declared: int | None, probed: int | None) -> bool:
    return declared == probed or (axis.kind is not CapabilityKind.VALUE and not declared)


def _axes() -> Mapping[str, CapabilityInfo]:
    hints = get_type_hints(Capabilities, include_extras=True)
    return MappingProxyType({field.name: hints[field.name].__metadata__[0] for field in fields(Capabilities)})


CAPABILITY_INFO = _axes()
"""Every capability, by its name in ``Capabilities``."""
