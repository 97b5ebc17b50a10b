"""A backend with a defect."""

import re
from typing import Any

from pydantic import SecretStr

from core.plugins import discover
from core.settings import Settings
from core.storage import Backend, Capabilities, Migrations, Storage
from tests.kit.broken.defect import BrokenStorage, Defect

SOUND = "memory"


class BrokenBackend:
    """The sound backend behind a defect, and named after it: ``FloatMoney`` has the scheme ``floatmoney://``."""

    def __init__(self, defect: type[Defect]) -> None:
        self._defect = defect
        self.name = scheme_of(defect)
        self.schemes = [self.name]
        self.drivers: list[Any] = []
        self.example_url = f"{self.name}://shop"

    @property
    def capabilities(self) -> Capabilities:
        """Those of the sound backend, unless they are the defect."""
        return self._defect.capabilities(_sound().capabilities)

    async def open(self, settings: Settings) -> Storage:
        """Open the sound storage, and wrap it."""
        storage: Any = BrokenStorage(await _sound().open(self._sound_settings(settings)), self._defect)
        return storage  # type: ignore[no-any-return]

    def migrations(self, settings: Settings) -> Migrations:
        """The migrations of the sound backend."""
        return _sound().migrations(self._sound_settings(settings))

    def _sound_settings(self, settings: Settings) -> Settings:
        url = re.sub(r"^\w+://", f"{SOUND}://{self.name}-", settings.url)
        return settings.model_copy(update={"database_url": SecretStr(url)})


def scheme_of(defect: type[Defect]) -> str:
    """The URL scheme of a defect's backend."""
    return defect.__name__.lower()


def _sound() -> Backend:
    return discover().by_name[SOUND]
