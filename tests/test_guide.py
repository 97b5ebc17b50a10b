"""The guide to writing a backend shows the code of the example, and of core's declarations, as it is."""

import re
from pathlib import Path
from textwrap import dedent, indent

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "memory"
PAGES = [ROOT / "docs" / "writing-a-backend.md", EXAMPLE / "README.md"]
SHOWN = [*EXAMPLE.rglob("*.py"), *EXAMPLE.rglob("*.toml"), *(ROOT / "core" / "entities").glob("*.py")]
CODE = [path.read_text() for path in SHOWN]
BLOCK = re.compile(r"^( *)```(?:python|toml)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def code_blocks(page: str) -> list[str]:
    return [dedent(block) for _, block in BLOCK.findall(page)]


def is_in_example(block: str) -> bool:
    return any(indent(block, margin) in text for margin in ("", " " * 4, " " * 8) for text in CODE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_are_in_the_example(page: Path) -> None:
    blocks = code_blocks(page.read_text())
    assert blocks
    assert [block for block in blocks if not is_in_example(block)] == []


def test_other_code_would_be_found() -> None:
    [block] = code_blocks("```python\nclass Memory(Target):\n    name = 1\n```")
    assert not is_in_example(block)


def test_every_module_of_the_example_is_explained() -> None:
    modules = {path.stem for path in (EXAMPLE / "stockroom_memory").glob("*.py")} - {"__init__"}
    table = (EXAMPLE / "README.md").read_text().partition("## How it is built")[2].partition("\nOne idea")[0]
    assert set(re.findall(r"(?m)`([a-z_]+)`", "".join(line.split(" | ")[0] for line in table.splitlines()))) == modules
