"""Binds an endpoint's parameters, and those of its dependencies, to the values of a request.

FastAPI declares and documents them. Its own binding can do much that no endpoint here needs: form bodies, generators as
dependencies, overrides, several names for a parameter. It decides all that for each parameter of each request, which
takes longer than the endpoints themselves. Here it is decided once, when a route is created.
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Protocol

from fastapi.dependencies.models import Dependant
from pydantic.fields import FieldInfo
from starlette.requests import Request

Errors = list[Any]

MISSING = object()
"""The body of a request without one."""


class _Field(Protocol):
    """What is used of FastAPI's description of a parameter."""

    @property
    def name(self) -> str: ...
    @property
    def alias(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def field_info(self) -> FieldInfo: ...

    def validate(
        self, value: Any, values: dict[str, Any], *, loc: tuple[int | str, ...]
    ) -> tuple[Any, list[dict[str, Any]]]: ...


class ArgumentBinder:
    """Collects the arguments of an endpoint or of a dependency.

    Attributes:
        function: the endpoint or dependency.

    Raises:
        TypeError: it has a parameter of a kind that is not supported.
    """

    def __init__(self, dependant: Dependant) -> None:
        if dependant.header_params or dependant.cookie_params or len(dependant.body_params) > 1:
            raise TypeError(f"{dependant.call} takes headers, cookies or several bodies")
        if not iscoroutinefunction(dependant.call):
            raise TypeError(f"{dependant.call} is not a coroutine function")
        self.function: Callable[..., Awaitable[Any]] = dependant.call
        self._dependencies = [(inner.name or "", ArgumentBinder(inner)) for inner in dependant.dependencies]
        self._path = [_Parameter("path", field) for field in dependant.path_params]
        self._query = [_Parameter("query", field) for field in dependant.query_params]
        self._body = [_Parameter("body", field) for field in dependant.body_params]
        self._request = dependant.request_param_name

    async def collect(self, request: Request, query: Mapping[str, Any], body: Any, errors: Errors) -> dict[str, Any]:
        """The arguments by name. Adds what is wrong to ``errors``, and then they cannot be used."""
        values: dict[str, Any] = {}
        for name, inner in self._dependencies:
            before = len(errors)
            arguments = await inner.collect(request, query, body, errors)
            if len(errors) == before:
                values[name] = await inner.function(**arguments)
        for parameter in self._path:
            parameter.bind(request.path_params.get(parameter.alias, MISSING), values, errors)
        for parameter in self._query:
            parameter.bind(query.get(parameter.alias, MISSING), values, errors)
        for parameter in self._body:
            parameter.bind(body, values, errors)
        if self._request:
            values[self._request] = request
        return values

    def query_names(self) -> frozenset[str]:
        """The names of the query parameters, those of dependencies included."""
        own = [parameter.alias for parameter in self._query]
        return frozenset(own).union(*(inner.query_names() for _, inner in self._dependencies))

    def name_of(self, argument_type: Any) -> str:
        """The name of the endpoint's parameter of a type.

        Raises:
            TypeError: there is none, or more than one.
        """
        parameters = (*self._path, *self._query, *self._body)
        names = [parameter.name for parameter in parameters if parameter.type is argument_type]
        if len(names) != 1:
            raise TypeError(f"{self.function} has {len(names)} parameters of type {argument_type} instead of 1")
        return names[0]

    def depends_on(self, function: Callable[..., Awaitable[Any]]) -> bool:
        """Whether a function is among the dependencies."""
        return any(inner.function is function or inner.depends_on(function) for _, inner in self._dependencies)


class _Parameter:
    def __init__(self, source: str, field: _Field) -> None:
        self.name, self.alias, self.type = field.name, field.alias, field.field_info.annotation
        self._field = field
        self._location = ("body",) if source == "body" else (source, field.alias)
        self._is_required = field.field_info.is_required()
        self._default = field.default

    def bind(self, value: Any, values: dict[str, Any], errors: Errors) -> None:
        """Validate a value and add it to ``values``; a missing one is the default."""
        if value is MISSING:
            if self._is_required:
                errors.append({"type": "missing", "loc": self._location, "msg": "Field required", "input": None})
            else:
                values[self.name] = self._default
            return
        values[self.name], wrong = self._field.validate(value, values, loc=self._location)
        errors.extend(wrong)
