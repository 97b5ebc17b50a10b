"""Backends that are wrong on purpose, one defect each, over one that is right. Loaded as a plugin, like any backend."""

from collections.abc import Sequence

from core.plugins import hookimpl
from core.storage import Backend
from tests.kit.broken.backend import BrokenBackend
from tests.kit.broken.credentials import CREDENTIALS
from tests.kit.broken.defect import Defect
from tests.kit.broken.expiring import TICKETS
from tests.kit.broken.lists import LISTS
from tests.kit.broken.units import UNITS
from tests.kit.broken.values import VALUES

DEFECTS: list[type[Defect]] = [Defect, *VALUES, *LISTS, *UNITS, *TICKETS, *CREDENTIALS]
"""``Defect`` itself has none: what the kit says of the others is worth something only if it finds nothing here."""


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """One for each defect."""
    return [BrokenBackend(defect) for defect in DEFECTS]
