"""The check of words in ``.ci/words.py``."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHECK: dict[str, Any] = runpy.run_path(str(Path(__file__).parent.parent / ".ci/words.py"))
WORD = next(iter(CHECK["INSTEAD"]))
PHRASE = next(word for word in CHECK["INSTEAD"] if " " in word)

find: Callable[[str], list[str]] = CHECK["find"]


@pytest.mark.parametrize(
    "line",
    [
        f"A {WORD} here.",
        f"{WORD.capitalize()}s, and more",
        f"def test_{WORD}_is_found() -> None:",
        f"class Big{WORD.capitalize()}Thing:",
        f"_{WORD.upper()} = 1",
        f"the {WORD}'s own",
    ],
)
def test_word_is_found_in_names_and_prose(line: str) -> None:
    assert find(line) == [WORD]


def test_phrase_is_found() -> None:
    assert find(f"It {PHRASE} now.") == [PHRASE]


@pytest.mark.parametrize("line", [f"pre{WORD}", f"{WORD}like", "warehouse", "a perfectly plain sentence"])
def test_part_of_a_word_is_not_found(line: str) -> None:
    assert find(line) == []


def test_finding_names_file_line_and_alternative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "page.md"
    written.write_text(f"plain\n\nnot {WORD}\n")
    monkeypatch.setitem(CHECK["check"].__globals__, "ROOT", tmp_path)
    assert list(CHECK["check"](written)) == [(3, WORD)]


def test_word_in_a_file_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / f"{WORD}.py"
    named.touch()
    monkeypatch.setitem(CHECK["check"].__globals__, "ROOT", tmp_path)
    assert list(CHECK["check"](named)) == [(0, WORD)]


@pytest.mark.parametrize("entry", CHECK["RULES"]["list"], ids=lambda entry: f"entry {len(entry['words'])}")
def test_every_word_has_alternative_and_reason(entry: dict[str, Any]) -> None:
    assert len(entry["instead"]) > 3
    assert len(entry["because"]) > 8
