"""The vocabulary of products and posts: artificial words, with the frequencies of natural language.

The n-th word is 1/n as frequent as the first (Zipf). Some have accents, so that folded text differs from the text.
"""

from collections.abc import Iterator
from itertools import accumulate
from random import Random

_WORD_COUNT = 4000
_CONSONANTS = (*"bcdfghklmnprstvz", "br", "cl", "dr", "fl", "gr", "pl", "st", "tr")
_VOWELS = (*"aeiou", "ai", "ea", "ou")
_TEXT_LENGTH = 2**18


def _words() -> Iterator[str]:
    draw, found = Random("stockroom growth words"), set[str]()  # noqa: S311 - the same in every run
    while len(found) < _WORD_COUNT:
        syllables = draw.choice((1, 2, 2, 3, 3, 4)) if len(found) > 100 else draw.choice((1, 2))
        word = "".join(draw.choice(_CONSONANTS) + draw.choice(_VOWELS) for _ in range(syllables)) + draw.choice("nrslt")
        if draw.random() < 0.02:
            word = word.translate(str.maketrans("aeou", "åéöü"))
        if word not in found:
            found.add(word)
            yield word


VOCABULARY = tuple(_words())
"""In the order of their frequency."""

_weights = list(accumulate(1 / rank for rank in range(1, _WORD_COUNT + 1)))
_TEXT = Random("stockroom growth text").choices(VOCABULARY, cum_weights=_weights, k=_TEXT_LENGTH)  # noqa: S311 - likewise

DESCRIPTION = 20
"""Words in a description."""

FREQUENT = tuple(word for word in VOCABULARY[1:8] if len(word) >= 4)
"""Words in a fifth to two thirds of all descriptions."""

MEDIUM = tuple(
    word
    for word in VOCABULARY[215:275]
    if len(word) >= 6 and not any(word in other for other in VOCABULARY if other != word)
)
"""Words in one of a hundred descriptions."""


def make_sentence(position: int, words: int = DESCRIPTION) -> str:
    """A sentence of that many words; equal for an equal position."""
    start = position % (_TEXT_LENGTH - words)
    return " ".join(_TEXT[start : start + words]).capitalize() + "."
