"""What an endpoint is called with: its parameters and those of its dependencies, out of a request.

FastAPI declares them, and its way to collect them can do much that is not needed here: form bodies, generators as
dependencies, overrides, several names for one parameter. All that is decided anew for each parameter of each request,
and takes longer than the endpoints themselves. Here it is decided once.
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from fastapi._compat import ModelField, Undefined
from fastapi.dependencies.models import Dependant
from starlette.requests import Request

Errors = list[Any]

MISSING = object()
"""The body of a request that has none."""


class Arguments:
    """The arguments of an endpoint or of a dependency.

    Raises:
        TypeError: it wants something that is not collected here.
    """

    def __init__(self, dependant: Dependant) -> None:
        if dependant.header_params or dependant.cookie_params or len(dependant.body_params) > 1:
            raise TypeError(f"{dependant.call} takes headers, cookies or several bodies")
        if not iscoroutinefunction(dependant.call):
            raise TypeError(f"{dependant.call} is not a coroutine function")
        self.call: Callable[..., Awaitable[Any]] = dependant.call
        self._inner = [(inner.name or "", Arguments(inner)) for inner in dependant.dependencies]
        self._path = [_Parameter("path", field) for field in dependant.path_params]
        self._query = [_Parameter("query", field) for field in dependant.query_params]
        self._body = [_Parameter("body", field) for field in dependant.body_params]
        self._request = dependant.request_param_name

    async def collect(self, request: Request, query: Mapping[str, Any], body: Any, errors: Errors) -> dict[str, Any]:
        """The arguments by name; what is wrong with them is added to ``errors``, and then they are of no use."""
        values: dict[str, Any] = {}
        for name, inner in self._inner:
            before = len(errors)
            given = await inner.collect(request, query, body, errors)
            if len(errors) == before:
                values[name] = await inner.call(**given)
        for parameter in self._path:
            parameter.take(request.path_params.get(parameter.alias, MISSING), values, errors)
        for parameter in self._query:
            parameter.take(query.get(parameter.alias, MISSING), values, errors)
        for parameter in self._body:
            parameter.take(body, values, errors)
        if self._request:
            values[self._request] = request
        return values


class _Parameter:
    """One parameter, and where it comes from."""

    def __init__(self, source: str, field: ModelField) -> None:
        self.alias = field.alias
        self._name = field.name
        self._field = field
        self._place = ("body",) if source == "body" else (source, field.alias)
        self._default = field.default

    def take(self, value: Any, values: dict[str, Any], errors: Errors) -> None:
        """Check the value, and put it among the others."""
        if value is MISSING:
            if self._default is Undefined:
                errors.append({"type": "missing", "loc": self._place, "msg": "Field required", "input": None})
            else:
                values[self._name] = self._default
            return
        checked, wrong = self._field.validate(value, values, loc=self._place)
        errors.extend(wrong)
        values[self._name] = checked
