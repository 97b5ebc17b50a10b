"""How a connection is opened: one host after the other, each within its time."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from backends.sql.address import ConnectOptions, Host
from backends.sql.dialects import Dialect, ErrorClass
from backends.sql.errors import NETWORK_ERRORS, classify

CONNECT_TIMEOUT = 5.0
"""Seconds within which one of the hosts must accept a connection, login included."""

_NEXT_HOST = (ErrorClass.DISCONNECTED, ErrorClass.NOT_WRITABLE, ErrorClass.UNAVAILABLE)


class Connector:
    """Calls the driver's ``connect``. Of several hosts, the one that was right the last time is tried first.

    Some drivers wait without end for a server that does not answer, so the time is limited here.
    """

    def __init__(self, dialect: Dialect, driver: str, hosts: Sequence[Host], options: ConnectOptions) -> None:
        self._dialect = dialect
        self._driver = driver
        self._hosts = hosts
        self._options = options
        self._timeout = options.timeout or CONNECT_TIMEOUT / len(hosts)
        self._last = 0

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Of the driver's function that connects."""
        return self._options.arguments

    @property
    def timeout(self) -> float:
        """Seconds until all hosts have been tried."""
        return self._timeout * len(self._hosts)

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        """A connection of the driver; raises the error of the host that came closest."""
        errors: list[Exception] = []
        for number in self._order():
            try:
                connection = await self._open(self._hosts[number], arguments, named)
            except Exception as error:
                if not self._is_worth_another_host(error):
                    raise
                errors.append(error)
            else:
                self._last = number
                return connection
        known = self._dialect.connect_errors.keys()
        raise min(errors, key=lambda error: known.isdisjoint(self._dialect.error_codes(error)))

    def _order(self) -> Sequence[int]:
        """All hosts once, whatever other tasks find out meanwhile."""
        first, count = self._last, len(self._hosts)
        return [(first + step) % count for step in range(count)]

    def _is_worth_another_host(self, error: Exception) -> bool:
        return isinstance(error, NETWORK_ERRORS) or classify(self._dialect, error) in _NEXT_HOST

    async def _open(self, host: Host, arguments: Any, named: dict[str, Any]) -> Any:
        place = {key: value for key, value in zip(("host", "port"), host, strict=True) if value is not None}
        async with asyncio.timeout(self._timeout):
            connection = await import_module(self._driver).connect(*arguments, **{**named, **place})
            if self._options.verify is not None:
                try:
                    await self._options.verify(connection)
                except BaseException:
                    connection.close()
                    raise
            return connection
