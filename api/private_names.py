"""Undocumented names of other libraries that the API uses, each with the reason.

An upgrade of FastAPI may break these, and only these.
"""

PRIVATE_NAMES: dict[str, str] = {
    "fastapi.dependencies.models.Dependant": (
        "FastAPI's description of an endpoint's parameters, in ``APIRoute.dependant``: bound here because "
        "FastAPI's own binding takes longer than the endpoints"
    ),
}
