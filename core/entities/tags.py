"""Tags: names that posts share."""

from dataclasses import dataclass
from typing import Annotated

from typing_extensions import TypedDict

from core.entities.entity_type import EntityType, unique
from core.entities.fields import FORBID_EXTRA, Slug, Text, VersionedEntity, check_folded_length

TagName = Annotated[str, Text(1, 50, check_folded_length)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDraft:
    """The fields of a tag that a client chooses."""

    __pydantic_config__ = FORBID_EXTRA

    name: TagName
    slug: Slug | None = None


class TagPatch(TypedDict, total=False):
    """The fields of a tag that a client sent, and no others."""

    __pydantic_config__ = FORBID_EXTRA  # type: ignore[misc]

    name: TagName
    slug: Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(VersionedEntity):
    """A stored tag."""

    name: TagName
    slug: Slug


TAG = EntityType(
    entity=Tag,
    name="tag",
    plural="tags",
    unique=[unique("name", folded=True), unique("slug")],
    sorts=("name",),
)
