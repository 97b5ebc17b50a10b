"""The language that products and posts are written in: made-up words, as unequally frequent as real ones are.

The n-th word is met 1/n as often as the first (Zipf). Some have accents, so that folded text is not the text itself.
"""

from collections.abc import Iterator
from itertools import accumulate
from random import Random

_WORDS = 4000
_CONSONANTS = (*"bcdfghklmnprstvz", "br", "cl", "dr", "fl", "gr", "pl", "st", "tr")
_VOWELS = (*"aeiou", "ai", "ea", "ou")
_RUN = 2**18


def _words() -> Iterator[str]:
    draw, found = Random("stockroom growth words"), set[str]()  # noqa: S311 - the same in every run
    while len(found) < _WORDS:
        syllables = draw.choice((1, 2, 2, 3, 3, 4)) if len(found) > 100 else draw.choice((1, 2))
        word = "".join(draw.choice(_CONSONANTS) + draw.choice(_VOWELS) for _ in range(syllables)) + draw.choice("nrslt")
        if draw.random() < 0.02:
            word = word.translate(str.maketrans("aeou", "åéöü"))
        if word not in found:
            found.add(word)
            yield word


VOCABULARY = tuple(_words())
"""The most frequent first."""

_weights = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))
_TEXT = Random("stockroom growth text").choices(VOCABULARY, cum_weights=_weights, k=_RUN)  # noqa: S311 - likewise

DESCRIPTION = 20
"""Words in a description."""

FREQUENT = tuple(word for word in VOCABULARY[1:8] if len(word) >= 4)
"""Words that between a fifth and two thirds of all descriptions have."""

MEDIUM = tuple(
    word
    for word in VOCABULARY[215:275]
    if len(word) >= 6 and not any(word in other for other in VOCABULARY if other != word)
)
"""Words that one description in a hundred has."""


def passage(place: int, words: int = DESCRIPTION) -> str:
    """So many words in a row, as a sentence; the same for the same place."""
    start = place % (_RUN - words)
    return " ".join(_TEXT[start : start + words]).capitalize() + "."
