"""What a storage can do, as data: declared by a backend, probed at opening, never guessed from a name."""

from dataclasses import dataclass, fields

from core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The axes on which storages differ.

    Attributes:
        transactions: a unit of work over several entities is all or nothing. The shop cannot do without.
        savepoints: a part of a unit of work can be undone while the rest stands.
        durable: what was acknowledged survives the end of the process.
        shared: several server processes may use one storage at once.
        concurrent_writers: units of work that touch different rows run side by side; otherwise they take turns.
        embedded: no server is needed; such a storage migrates itself when it is opened.
    """

    transactions: bool
    savepoints: bool
    durable: bool
    shared: bool
    concurrent_writers: bool
    embedded: bool

    def require(self, probed: "Capabilities", backend: str) -> None:
        """Compare this declaration with what was ``probed``.

        Raises:
            ConfigurationError: transactions are missing, or the storage can do less than its backend declares.
        """
        missing = [f.name for f in fields(self) if getattr(self, f.name) and not getattr(probed, f.name)]
        if not probed.transactions:
            raise ConfigurationError(f"{backend}: this storage has no transactions, which the shop cannot do without.")
        if missing:
            raise ConfigurationError(f"{backend}: declared, but not found on this storage: {', '.join(missing)}.")
