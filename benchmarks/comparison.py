"""``stockroom compare`` on all six storages, with servers started as for the tests: ``docs/comparison.html``.

Usage: .venv/bin/python -m benchmarks.comparison [OPTIONS OF stockroom compare]
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.harness.run_directory import RunDirectory
from tests.harness.server import KINDS

REPORT = Path(__file__).parent.parent / ".reports" / "comparison.html"
OPTIONS = ("--rounds=5", "--duration=0.5", "--warmup=0.1", "--scale=medium", f"--report={REPORT}")


async def main(options: list[str]) -> int:
    """Start the servers, compare, stop the servers; returns the exit code of the command."""
    run_directory = RunDirectory.new()
    try:
        urls = [
            await kind.create((await kind.obtain(run_directory)).url, "stockroom_compare") for kind in KINDS.values()
        ]
        command = [str(Path(sys.executable).parent / "stockroom"), "compare", *urls, *OPTIONS, *options]
        return (await asyncio.to_thread(subprocess.run, command, check=False)).returncode
    finally:
        run_directory.stop()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
