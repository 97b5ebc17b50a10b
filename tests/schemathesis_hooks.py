"""What schemathesis cannot know from the API document: loaded by the tool itself, see ``test_document``."""

import schemathesis

LONGEST = 4096


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """A cursor is opaque and excludes ``page``: made-up ones are 422 however well they fit the schema.

    So a request that should pass walks from the start, and one that should not is left with what is wrong about it.
    """
    cursor = (case.query or {}).get("cursor")
    if not isinstance(cursor, str) or len(cursor) > LONGEST:
        return case
    if case.meta and case.meta.generation.mode.is_positive:
        case.query["cursor"] = ""
        case.query.pop("page", None)
    else:
        del case.query["cursor"]
    return case
