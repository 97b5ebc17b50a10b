"""Private names of other libraries that this backend uses, each with the reason.

An upgrade may break these, and only these.
"""

PRIVATE_NAMES: dict[str, str] = {
    "aiosqlite.core.Connection._thread": (
        "made a daemon, so that a connection that hangs does not keep the process from ending; and joined where a file "
        "cannot be opened, for it would talk to a loop that is closed"
    ),
}
