"""Look up known vulnerabilities of the versions in requirements.lock. ``make check`` runs it; it needs a network.

pip-audit reads advisories from PyPI. A package mirror usually has none, and pip-audit then reports that it found
nothing. So this script counts the packages that were really looked up.

Exit code 0: no vulnerability is known, or the advisories could not be read (a visible warning; 1 with
``AUDIT=required``). Exit code 1: a vulnerability is known and not excused below.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EXCUSED: dict[str, str] = {}
"""Advisories that do not apply: id and reason. Remove those that are no longer reported."""

_FINE = "No vulnerability is known"
_LONGEST = 120
_ROOT = Path(__file__).parent.parent


def main() -> int:
    """Look up, print the result, and return the exit code."""
    code, text = verdict(_audited(), required=os.environ.get("AUDIT") == "required")
    rule = "!" * max(map(len, text.splitlines()))
    sys.stderr.write(f"{text}\n" if text.startswith(_FINE) else f"\n{rule}\n{text}\n{rule}\n\n")
    return code


def verdict(pins: Sequence[Any], *, required: bool) -> tuple[int, str]:
    """Exit code and message for pip-audit's entries, one per pin; none if it could look up nothing."""
    found = [
        f"{pin['name']} {pin['version']}: {known['id']}, fixed in {', '.join(known['fix_versions']) or 'no version'}"
        for pin in pins
        for known in pin.get("vulns", ())
    ]
    if found:
        return 1, "\n".join(["Vulnerabilities are known of what requirements.lock pins:", *found])
    audited = [pin for pin in pins if "skip_reason" not in pin]
    if pins and len(audited) == len(pins):
        return 0, f"{_FINE} of the {len(pins)} pins of requirements.lock."
    missing = f"advisories for {len(audited)} of {len(pins)} pins only" if pins else "no advisories"
    remedy = "Run `make audit AUDIT=required` where the network has them."
    return int(required), f"DEPENDENCIES WERE NOT AUDITED: {missing} could be read from here.\n{remedy}"


def _audited() -> list[Any]:
    """An entry per pin: its vulnerabilities, or why it was skipped; none if nothing could be looked up."""
    command = [f"{Path(sys.executable).parent}/pip-audit", "--requirement=requirements.lock", "--require-hashes"]
    options = ["--disable-pip", "--format=json", "--progress-spinner=off", "--timeout=10"]
    excused = [f"--ignore-vuln={one}" for one in EXCUSED]
    try:
        run = subprocess.run(  # noqa: S603 - constant arguments
            [*command, *options, *excused], cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_LONGEST
        )
        pins: list[Any] = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return pins


if __name__ == "__main__":
    sys.exit(main())
