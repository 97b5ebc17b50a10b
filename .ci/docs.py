"""Write the generated parts of the documentation; with ``--check`` only compare them. ``make docs`` runs it.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. ``.env.example`` is generated as a whole.
"""

import inspect
import re
import subprocess
import sys
from enum import EnumType
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from core.settings import Settings

ROOT = Path(__file__).parent.parent

_ENV_HEAD = "# Copy to .env and uncomment what you want to change. What each setting means: docs/settings.md\n"
_PART = "<!-- generated: {} -->\n\n{}\n<!-- end -->"
_ENTRY = re.compile(r"^    ([a-z0-9_]+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_PAGE = re.compile(r"docs/([a-z-]+\.md)(#[a-z-]+)?")
_BOUNDS = {"ge": "at least {:,}", "gt": "above {:,}", "le": "at most {:,}"}


def main(arguments: list[str]) -> int:
    """Write every file, or list those that are out of date; return the exit code."""
    stale = {path: text for path, text in generate().items() if path.read_text(encoding="utf-8") != text}
    if "--check" in arguments:
        sys.stderr.writelines(f"{path.relative_to(ROOT)} is out of date: run `make docs`\n" for path in stale)
        return bool(stale)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    return 0


def generate() -> dict[Path, str]:
    """Each file that has generated parts, with its text as it should be."""
    return {
        ROOT / ".env.example": _ENV_HEAD + "".join(f"#{name}={default}\n" for name, default in defaults().items()),
        ROOT / "docs/settings.md": _replace("settings.md", "settings", settings_table()),
        ROOT / "docs/access.md": _replace("access.md", "permissions", _run("access")),
        ROOT / "docs/capabilities.md": _replace("capabilities.md", "capabilities", _run("backends", "--explain")),
    }


def settings_table() -> str:
    """A row for each setting: its name, default, allowed values and meaning."""
    meanings = dict(_ENTRY.findall(inspect.getdoc(Settings) or ""))
    lines = [
        f"| `{name.upper()}` | {_code(format_default(field))} | {_allowed(field)} | {_markdown(meanings[name])} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return "".join(["| setting | default | allowed | meaning |\n", "| --- | --- | --- | --- |\n", *lines])


def defaults() -> dict[str, str]:
    """Each environment variable with its default, as it is written in a file of settings."""
    return {name.upper(): format_default(field) for name, field in Settings.model_fields.items()}


def format_default(field: FieldInfo) -> str:
    """The default of a setting, as it is written in the environment."""
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(field: FieldInfo) -> str:
    if isinstance(field.annotation, EnumType):
        return " ".join(f"`{member.value}`" for member in field.annotation)
    if field.annotation is bool:
        return "`true` `false`"
    bounds = {key: getattr(item, key) for item in field.metadata for key in ("ge", "gt", "le") if hasattr(item, key)}
    if bounds.keys() == {"ge", "le"}:
        return "{ge:,} to {le:,}".format(**bounds)
    return ", ".join(_BOUNDS[key].format(bound) for key, bound in bounds.items()) or "text"


def _markdown(meaning: str) -> str:
    line = " ".join(meaning.split()).replace("``", "`")
    return _PAGE.sub(_link, line)


def _link(found: re.Match[str]) -> str:
    page, place = found[1], found[2] or ""
    return f"[below]({place})" if page == "settings.md" else f"[{page}]({page}{place})"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _replace(page: str, name: str, text: str) -> str:
    before, begin, rest = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"<!-- generated: {name} -->")
    _, end, after = rest.partition("<!-- end -->")
    if not begin or not end:
        raise ValueError(f"docs/{page} has no part {name}")
    return before + _PART.format(name, text) + after


def _run(*arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "stockroom"), *arguments]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - constant
    return run.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
