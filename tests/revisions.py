"""The revisions of the SQL schema, as their files are named."""

from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "migrations" / "sql" / "versions"

REVISIONS = sorted(path.name.partition("_")[0] for path in _FOLDER.glob("[0-9]*.py"))
HEAD = REVISIONS[-1]
