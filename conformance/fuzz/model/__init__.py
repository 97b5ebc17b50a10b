"""The shop in plain Python: dictionaries, and what each request does to them.

An oracle of its own: nothing of ``core``, ``api`` or a backend is used here, so that one mistake is not made twice.
"""

from conformance.fuzz.model.answers import Answer, difference
from conformance.fuzz.model.asking import Ask
from conformance.fuzz.model.serving import answer
from conformance.fuzz.model.shop import Shop

__all__ = ["Answer", "Ask", "Shop", "answer", "difference"]
