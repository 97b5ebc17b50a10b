"""Finding backends. Pluggy does that and no more; from there on it is plain, typed Python.

A plugin is a module named by an entry point of the group ``stockroom``; it implements ``stockroom_backends``. Ours are
found in exactly that way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points

import pluggy

from core.errors import ConfigurationError
from core.settings import DEFAULT_URL, IsolationLevel, Settings
from core.storage import Backend, SupportsIsolationLevels, SupportsVariants

GROUP = "stockroom"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def stockroom_backends() -> Sequence[Backend]:
    """The backends of a plugin. Called once, at start; it must not connect to anything, nor import a driver."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Registry:
    """The installed backends, by name and by URL scheme."""

    by_name: dict[str, Backend] = field(default_factory=dict)
    by_scheme: dict[str, Backend] = field(default_factory=dict)

    def register(self, backend: Backend) -> None:
        """Add a backend.

        Raises:
            ConfigurationError: its name or one of its schemes is taken.
        """
        if backend.name in self.by_name:
            raise ConfigurationError(f"Two plugins claim the backend name {backend.name!r}. Uninstall one of them.")
        for scheme in backend.schemes:
            if scheme in self.by_scheme:
                other = self.by_scheme[scheme].name
                raise ConfigurationError(
                    f"The backends {other!r} and {backend.name!r} both claim the URL scheme {scheme!r}. "
                    "Uninstall one of them."
                )
        self.by_name[backend.name] = backend
        self.by_scheme.update(dict.fromkeys(backend.schemes, backend))

    def choose(self, settings: Settings) -> Backend:
        """The backend that ``STORAGE_BACKEND`` names, or else the one for the scheme of ``DATABASE_URL``.

        Raises:
            ConfigurationError: there is none, the two settings disagree, no driver is installed, or the backend does
                not offer the ``ISOLATION_LEVEL``.
        """
        scheme, separator, _ = settings.url.partition("://")
        scheme, _, driver = scheme.partition("+")
        if not separator:
            raise ConfigurationError(f"DATABASE_URL is not a URL. {self._installed()} An example: {DEFAULT_URL}")
        backend = self._named(settings.storage_backend) if settings.storage_backend else self._for_scheme(scheme)
        if scheme not in backend.schemes:
            raise ConfigurationError(
                f"STORAGE_BACKEND is {backend.name!r}, but DATABASE_URL has the scheme {scheme!r}. "
                f"Set DATABASE_URL to one such as {backend.example_url}"
            )
        _require_driver(backend, driver)
        _require_isolation_level(backend, settings.isolation_level)
        return backend.select_variant(settings) if isinstance(backend, SupportsVariants) else backend

    def _named(self, name: str) -> Backend:
        if name not in self.by_name:
            raise ConfigurationError(f"STORAGE_BACKEND names no installed backend: {name!r}. {self._installed()}")
        return self.by_name[name]

    def _for_scheme(self, scheme: str) -> Backend:
        if scheme not in self.by_scheme:
            raise ConfigurationError(
                f"No installed backend answers to the scheme {scheme!r} of DATABASE_URL. {self._installed()} "
                "Install a plugin for it, or correct the URL."
            )
        return self.by_scheme[scheme]

    def _installed(self) -> str:
        listed = "; ".join(f"{b.name} ({', '.join(s + '://' for s in b.schemes)})" for b in self.by_name.values())
        return f"Installed backends: {listed or 'none'}."


def _require_driver(backend: Backend, wanted: str) -> None:
    known = {driver.name: driver for driver in backend.drivers}
    if wanted and wanted not in known:
        raise ConfigurationError(
            f"DATABASE_URL asks for the driver {wanted!r}, which {backend.name} does not know. "
            f"Known: {', '.join(known)}."
        )
    candidates = [known[wanted]] if wanted else list(backend.drivers)
    if candidates and not any(driver.installed for driver in candidates):
        here = [driver.name for driver in backend.drivers if driver.installed]
        raise ConfigurationError(
            f"No driver for {backend.name} is installed{f' by the name {wanted!r}' if wanted else ''} "
            f"(installed: {', '.join(here) or 'none'}). "
            f"Run: pip install {' or '.join(repr(driver.requirement) for driver in candidates)}"
        )


def _require_isolation_level(backend: Backend, level: IsolationLevel | None) -> None:
    levels = backend.isolation_levels if isinstance(backend, SupportsIsolationLevels) else ()
    if level is not None and level not in levels:
        offered = ", ".join(levels)
        raise ConfigurationError(
            f"ISOLATION_LEVEL is {level}, which {backend.name} does not offer. "
            + (f"Offered: {offered}." if offered else "It offers no choice: remove the setting.")
        )


def discover() -> Registry:
    """Every backend of every installed plugin.

    Raises:
        ConfigurationError: a plugin cannot be loaded, or two claim the same name or scheme.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(__import__(__name__, fromlist=["stockroom_backends"]))
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            plugin = entry.load()
        except Exception as error:
            raise ConfigurationError(
                f"The plugin {entry.name!r} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}. "
                "Repair or uninstall it."
            ) from error
        if not manager.is_registered(plugin):
            manager.register(plugin, name=f"{entry.name}={entry.value}")
    registry = Registry()
    for backends in reversed(manager.hook.stockroom_backends()):
        for backend in backends:
            registry.register(backend)
    return registry
