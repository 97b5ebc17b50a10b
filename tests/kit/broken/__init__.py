"""Backends with one deliberate defect each, over a sound backend. Loaded as a plugin, like any backend."""

from collections.abc import Sequence

from core.plugins import hookimpl
from core.storage import Backend
from tests.kit.broken.backend import BrokenBackend
from tests.kit.broken.credentials import CREDENTIALS
from tests.kit.broken.defect import Defect
from tests.kit.broken.expiring import EXPIRING
from tests.kit.broken.lists import LISTS
from tests.kit.broken.units import UNITS
from tests.kit.broken.values import VALUES

DEFECTS: list[type[Defect]] = [Defect, *VALUES, *LISTS, *UNITS, *EXPIRING, *CREDENTIALS]
"""``Defect`` itself is sound, and must pass the tests that catch the others."""


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """A backend for each defect."""
    return [BrokenBackend(defect) for defect in DEFECTS]
