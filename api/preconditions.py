"""Conditional requests (RFC 9110, section 13): the entity tags of answers, and the versions that a client expects.

A tag is the id and the version of one entity, so it is strong: the same tag is the same entity, byte for byte.
"""

import re
from typing import Annotated

from fastapi import Depends, Request, Response

from core.entities import Account, Category, Notification, Order, Payment, Post, Product, Tag, User, VersionedEntity
from core.services.versioning import ExpectedVersions as Versions

TAGGED = frozenset({Account, Category, Notification, Order, Payment, Post, Product, Tag, User})
"""What is all of one versioned entity. What shows others too, such as a user with its posts, changes without it."""

_OURS = re.compile(r'(?:^|,)\s*"([1-9][0-9]{0,15})-([1-9][0-9]{0,15})"\s*(?=,|$)')
_ANY = re.compile(r'"[^"]*"')


def tag(entity: VersionedEntity) -> str:
    """The entity's ``ETag``, such as ``"7-3"`` for version 3 of what has the id 7."""
    return f'"{entity.id}-{entity.version}"'


async def _versions(request: Request) -> Versions:
    given = request.headers.getlist("if-match")
    if not given or given == ["*"]:  # what does not exist is 404 anyway
        return None
    wanted = request.path_params["id"]
    return frozenset(int(version) for key, version in _OURS.findall(",".join(given)) if key == wanted)


ExpectedVersions = Annotated[Versions, Depends(_versions)]
"""From ``If-Match``, the versions of the entity of the path that the request is meant for; a weak tag is none."""


def not_modified(request: Request, etag: str) -> Response | None:
    """304 where the client says in ``If-None-Match`` that it has what has this tag; weak tags will do."""
    given = request.headers.getlist("if-none-match")
    if not given or (given != ["*"] and etag not in _ANY.findall(",".join(given))):
        return None
    return Response(status_code=304, headers={"ETag": etag})
