"""Conditional requests (RFC 9110, section 13): entity tags of responses, and the versions that a client expects.

A tag is the id and the version of one entity, so it is strong: the same tag is the same entity, byte for byte.
"""

import re
from typing import Annotated

from fastapi import Depends, Request, Response

from core.entities import ENTITY_TYPES, VersionedEntity
from core.services.versioning import ExpectedVersions as Versions

ETAG_TYPES = frozenset(one.entity for one in ENTITY_TYPES if one.is_versioned)
"""Responses that are one versioned entity. Those with others in them, such as a user with its posts, have no tag."""

_ETAG = re.compile(r'(?:^|,)\s*"([1-9][0-9]{0,15})-([1-9][0-9]{0,15})"\s*(?=,|$)')
_OPAQUE_TAG = re.compile(r'"[^"]*"')


def etag_of(entity: VersionedEntity) -> str:
    """The entity's ``ETag``, such as ``"7-3"`` for version 3 of the entity with id 7."""
    return f'"{entity.id}-{entity.version}"'


async def _versions(request: Request) -> Versions:
    headers = request.headers.getlist("if-match")
    if not headers or headers == ["*"]:  # a missing entity is 404 anyway
        return None
    expected_id = request.path_params["id"]
    return frozenset(int(version) for key, version in _ETAG.findall(",".join(headers)) if key == expected_id)


ExpectedVersions = Annotated[Versions, Depends(_versions)]
"""From ``If-Match``, the versions that the entity of the path may be at; weak tags never match."""


def not_modified(request: Request, etag: str) -> Response | None:
    """304 where ``If-None-Match`` holds the tag, weak or strong; else None."""
    headers = request.headers.getlist("if-none-match")
    if not headers or (headers != ["*"] and etag not in _OPAQUE_TAG.findall(",".join(headers))):
        return None
    return Response(status_code=304, headers={"ETag": etag})
