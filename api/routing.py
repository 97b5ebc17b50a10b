"""Routing: endpoints with their permissions, strict queries and bodies, and the index that finds them."""

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette import routing
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import Receive, Scope, Send
from typing_extensions import Unpack, override

from api import idempotency
from api.auth.permissions import PUBLIC, Permission, authorize
from api.auth.visibility import RestrictedStorage
from api.dependencies import STORAGE, password_hasher
from api.docs_page import DOCS_PATHS
from api.http.bodies import parse_body
from api.http.parameters import MISSING, ArgumentBinder, Errors
from api.middleware.observability import ROUTE
from api.preconditions import ETAG_TYPES, etag_of, not_modified
from core.services.idempotency import IdempotentStorage
from core.storage import Storage

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

_Check = Callable[[], Awaitable[None]]


class Options(TypedDict, total=False):
    """What an endpoint can declare of its responses and its description, as in FastAPI."""

    status_code: int
    responses: dict[int | str, dict[str, Any]]
    response_model: Any
    openapi_extra: dict[str, Any]
    include_in_schema: bool


class Route(APIRoute):
    """An endpoint with a permission. Refuses unknown and repeated query parameters and reads bodies strictly.

    FastAPI declares and documents it. Its handler, FastAPI's hook, goes directly from the arguments to the response.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], *, permission: Permission, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.permission = permission
        self._binder = ArgumentBinder(self.dependant)
        self._query_names = self._binder.query_names()
        self._checked = self._binder.name_of(permission.check.argument_type) if permission.check else ""
        self._takes_keys = idempotency.applies(self.methods, self.path)
        self._has_password = self._binder.depends_on(password_hasher)

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self.handle_request

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self.handle_request(Request(scope, receive))
        await response(scope, receive, send)

    async def handle_request(self, request: Request) -> Response:
        """The response to a request."""
        scope = request.scope
        scope["state"][ROUTE] = self.path
        restriction = await authorize(request, self.permission)
        query: Mapping[str, Any] = {}
        if scope["query_string"]:
            query = request.query_params
            _check_query(request.query_params, self._query_names)
        body = await parse_body(request) if self.body_field is not None else MISSING
        errors: Errors = []
        key_errors: Errors = []
        idempotent = self._idempotent_storage(request, body, key_errors) if self._takes_keys else None
        storage: Storage = idempotent or request.app.state.storage
        restricted = None if restriction is None else RestrictedStorage(storage, restriction.user)
        scope["state"][STORAGE] = restricted or storage
        arguments = await self._binder.collect(request, query, body, errors)
        if errors or key_errors:
            raise RequestValidationError([*errors, *key_errors])
        check = None if restricted is None else self._check(restricted, arguments)
        if idempotent is not None:
            return await idempotency.execute_once(request, idempotent, partial(self._call, request, arguments, check))
        return await self._call(request, arguments, check)

    def _check(self, storage: RestrictedStorage, arguments: dict[str, Any]) -> _Check | None:
        check = self.permission.check
        if check is None or storage.user is None:
            return None
        return partial(check.function, storage.user, storage, arguments[self._checked])

    def _idempotent_storage(self, request: Request, body: Any, errors: Errors) -> IdempotentStorage | None:
        key = idempotency.parse_key(request, errors)
        if key is None:
            return None
        hasher = request.app.state.hasher if self._has_password else None
        return idempotency.idempotent_storage(request, key, body, hasher, partial(self._respond, request))

    async def _call(self, request: Request, arguments: dict[str, Any], check: _Check | None) -> Response:
        if check is not None:
            await check()
        return self._respond(request, await self._binder.function(**arguments))

    def _respond(self, request: Request, outcome: Any) -> Response:
        if isinstance(outcome, Response):
            return outcome
        headers = None
        if type(outcome) in ETAG_TYPES:
            etag = etag_of(outcome)
            if request.method == "GET" and (response := not_modified(request, etag)):
                return response
            headers = {"ETag": etag}
        content = b"" if self.response_field is None else self.response_field.serialize_json(outcome)
        return Response(content, self.status_code or 200, headers, media_type="application/json")


def _check_query(query: QueryParams, known: frozenset[str]) -> None:
    names = [name for name, _ in query.multi_items()]
    unknown = [_error(name, "unknown_parameter", "is not known") for name in query if name not in known]
    repeated = [_error(n, "repeated", "is given more than once") for n in query if n in known and names.count(n) > 1]
    if unknown or repeated:
        raise RequestValidationError(unknown + repeated)


def _error(name: str, kind: str, message: str) -> dict[str, Any]:
    return {"type": kind, "loc": ("query", name), "msg": message}


class Router:
    """The endpoints of one aggregate.

    Args:
        name: the prefix of their paths and the tag of their operations.
        prefix: instead of that of the name.
    """

    def __init__(self, name: str, prefix: str | None = None) -> None:
        self._tags = [name]
        self._prefix = f"/{name}" if prefix is None else prefix
        self.routes: list[Route] = []

    def get(self, path: str, permission: Permission, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an endpoint for GET."""
        return self._declare("GET", path, permission, options)

    def post(self, path: str, permission: Permission, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an endpoint for POST."""
        return self._declare("POST", path, permission, options)

    def put(self, path: str, permission: Permission, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an endpoint for PUT."""
        return self._declare("PUT", path, permission, options)

    def patch(self, path: str, permission: Permission, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an endpoint for PATCH."""
        return self._declare("PATCH", path, permission, options)

    def delete(self, path: str, permission: Permission, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an endpoint for DELETE."""
        return self._declare("DELETE", path, permission, options)

    def _declare(self, method: str, path: str, permission: Permission, options: Options) -> Callable[[F], F]:
        def declare(endpoint: F) -> F:
            route = Route(
                self._prefix + path,
                endpoint,
                permission=permission,
                methods=[method],
                tags=self._tags,
                generate_unique_id_function=_name,
                **options,
            )
            self.routes.append(route)
            return endpoint

        return declare


def _name(route: APIRoute) -> str:
    return route.name


def permissions_of(routes: Iterable[BaseRoute]) -> dict[str, Permission | None]:
    """The permissions of all requests that are served, such as ``GET /users/{id}``; None where none is declared."""
    permissions: dict[str, Permission | None] = {}
    for route in routes:
        path = getattr(route, "path", None)
        if path is not None:
            declared = PUBLIC if path in DOCS_PATHS else getattr(route, "permission", None)
            permissions |= {f"{method} {path}": declared for method in _methods(route)}
    return permissions


def _methods(route: BaseRoute) -> list[str]:
    """The methods of a route but HEAD, which is served as GET; GET for one without methods."""
    return sorted(set(getattr(route, "methods", None) or ["GET"]) - {"HEAD"})


class RouteIndex(BaseRoute):
    """Finds the endpoint of a path without matching the templates of all others; matches none where the router must.

    Paths without parameters take precedence, in whichever order they were declared.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._literal: dict[tuple[str, str], Route] = {}
        self._templates: dict[tuple[str, str, int], list[Route]] = {}
        for route in routes:
            if isinstance(route, Route):
                for method in route.methods or ():
                    self._add(method, route)

    def _add(self, method: str, route: Route) -> None:
        if "{" in route.path:
            self._templates.setdefault(_bucket(method, route.path), []).append(route)
        else:
            self._literal.setdefault((method, route.path), route)

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and not scope.get("root_path"):
            method, path = scope["method"], scope["path"]
            literal = self._literal.get((method, path))
            if literal is not None:
                return Match.FULL, {"endpoint": literal.endpoint, "path_params": {}, "route": literal}
            for route in self._templates.get(_bucket(method, path), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, found
        return Match.NONE, {}

    @override
    def handle(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Call the endpoint, without the exit stacks and the error handling that FastAPI adds for each request."""
        route: Route = scope["route"]
        return route.serve(scope, receive, send)


def _bucket(method: str, path: str) -> tuple[str, str, int]:
    """What all paths of one template have in common: method, first segment, number of segments."""
    return method, path[: path.find("/", 1)], path.count("/")


class MethodTable:
    """The methods that a path allows: those of the first declared template that matches, so ``/users/search`` is no id.

    Only used for requests that have failed.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._methods: dict[str, set[str]] = {}
        for route in routes:
            if isinstance(route, routing.Route):
                self._methods.setdefault(route.path, set()).update(route.methods or ())
        for methods in self._methods.values():
            if "GET" in methods:
                methods.add("HEAD")
        self._patterns: list[tuple[re.Pattern[str], str]] = [(compile_path(path)[0], path) for path in self._methods]

    def allowed(self, path: str) -> list[str]:
        """The methods of a path in alphabetical order; none where no template matches."""
        for pattern, template in self._patterns:
            if pattern.match(path):
                return sorted(self._methods[template])
        return []
