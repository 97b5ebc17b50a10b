"""Find words in the project's files that ``.ci/words.toml`` does not allow. ``make check`` runs it.

Names are split at underscores and capital letters, so ``LoginCheck`` is the words "login" and "check".
Exit code 1 if any are found: each is printed with what to say instead, then their number in each folder.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RULES: dict[str, Any] = tomllib.loads((ROOT / ".ci/words.toml").read_text(encoding="utf-8"))
INSTEAD = {word: entry["instead"] for entry in RULES["list"] for word in entry["words"]}

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_FORBIDDEN = re.compile(rf"(?<= )({'|'.join(INSTEAD)})s?(?= )")
_GENERATED_FOLDERS = {".git", ".venv", "dist", "__pycache__"}
_GENERATED_FILES = re.compile(r"\.(db|db-wal|db-shm|pyc)$|^\.env$")


def main() -> int:
    """Check the files named on the command line, or all; return the exit code."""
    paths = [Path(name).resolve() for name in sys.argv[1:]] or sources()
    found = [(path, *hit) for path in paths if not is_skipped(path) for hit in check(path)]
    for path, line, word in found:
        sys.stderr.write(f"{path.relative_to(ROOT)}:{line}: {word}: say {INSTEAD[word]} instead\n")
    if found:
        counts = Counter(path.relative_to(ROOT).parts[0] for path, *_ in found)
        counted = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        sys.stderr.write(f"{len(found)} words that .ci/words.toml does not allow: {counted}\n")
    return bool(found)


def sources() -> list[Path]:
    """Every file that is or could be committed. Without git: every file that is not generated."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - constant
        names = listed.stdout.split("\0")
        return [path for name in names if name and (path := ROOT / name).is_file()]
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in _GENERATED_FOLDERS and not name.endswith("_cache")]
        found += [Path(folder, name) for name in files if not _GENERATED_FILES.search(name)]
    return found


def is_skipped(path: Path) -> bool:
    """Whether the rules leave this file out."""
    return any(fnmatch(str(path.relative_to(ROOT)), pattern) for pattern in RULES["skip"])


def check(path: Path) -> Iterator[tuple[int, str]]:
    """Line and word of each finding in a file; line 0 is the file's own name."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate([str(path.relative_to(ROOT)), *text.splitlines()]):
        yield from ((number, word) for word in find(line))


def find(line: str) -> list[str]:
    """The words of a line that are not allowed."""
    return _FORBIDDEN.findall(f" {' '.join(_WORD.findall(line)).lower()} ")


if __name__ == "__main__":
    sys.exit(main())
