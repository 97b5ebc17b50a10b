"""Are vulnerabilities known of any pin in requirements.lock? ``make check`` asks; it needs a network.

pip-audit asks PyPI for its advisories. A mirror of packages in its place usually has none, and pip-audit then says that
it found nothing. So what counts here is which packages were really looked up.

Exit code 0: nothing known, or it could not be asked, which is said loudly; with ``AUDIT=required`` that is 1.
Exit code 1: something is known of a pin, and is not excused below.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EXCUSED: dict[str, str] = {}
"""Advisories that do not concern us: id, and why not. One that is no longer reported is removed."""

_FINE = "No vulnerability is known"
_LONGEST = 120
_ROOT = Path(__file__).parent.parent


def main() -> int:
    """Ask, say what came of it, and return the exit code."""
    code, text = verdict(_audited(), required=os.environ.get("AUDIT") == "required")
    rule = "!" * max(map(len, text.splitlines()))
    sys.stderr.write(f"{text}\n" if text.startswith(_FINE) else f"\n{rule}\n{text}\n{rule}\n\n")
    return code


def verdict(pins: Sequence[Any], *, required: bool) -> tuple[int, str]:
    """Exit code and words for what pip-audit said of each pin; of none, where it could ask nothing."""
    found = [
        f"{pin['name']} {pin['version']}: {known['id']}, fixed in {', '.join(known['fix_versions']) or 'no version'}"
        for pin in pins
        for known in pin.get("vulns", ())
    ]
    if found:
        return 1, "\n".join(["Vulnerabilities are known of what requirements.lock pins:", *found])
    asked = [pin for pin in pins if "skip_reason" not in pin]
    if pins and len(asked) == len(pins):
        return 0, f"{_FINE} of the {len(pins)} pins of requirements.lock."
    missing = f"advisories for {len(asked)} of {len(pins)} pins only" if pins else "no advisories"
    remedy = "Run `make audit AUDIT=required` where the network has them."
    return int(required), f"DEPENDENCIES WERE NOT AUDITED: {missing} could be read from here.\n{remedy}"


def _audited() -> list[Any]:
    """Each pin with what is known of it, or why that could not be asked; nothing where nothing could be asked."""
    command = [f"{Path(sys.executable).parent}/pip-audit", "--requirement=requirements.lock", "--require-hashes"]
    options = ["--disable-pip", "--format=json", "--progress-spinner=off", "--timeout=10"]
    excused = [f"--ignore-vuln={one}" for one in EXCUSED]
    try:
        run = subprocess.run(  # noqa: S603 - every word is our own
            [*command, *options, *excused], cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_LONGEST
        )
        pins: list[Any] = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return pins


if __name__ == "__main__":
    sys.exit(main())
