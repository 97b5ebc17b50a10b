"""The code in the guide to writing a backend equals the code of the example."""

import re
from pathlib import Path
from textwrap import dedent, indent

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "memory"
PAGES = [ROOT / "docs" / "writing-a-backend.md", EXAMPLE / "README.md"]
CODE = [path.read_text() for kind in ("*.py", "*.toml") for path in EXAMPLE.rglob(kind)]
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
    assert set(re.findall(r"(?m)`([a-z]+)`", "".join(line.split(" | ")[0] for line in table.splitlines()))) == modules
