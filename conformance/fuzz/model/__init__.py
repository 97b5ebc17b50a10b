"""The model: the shop in plain Python, with dictionaries for its data, and a function for each request.

It is an independent oracle: it uses nothing of ``core``, ``api`` or a backend, so that no mistake is made in both.
"""

from conformance.fuzz.model.requests import RawRequest
from conformance.fuzz.model.responses import Response, find_difference
from conformance.fuzz.model.routing import respond
from conformance.fuzz.model.shop import ShopModel

__all__ = ["RawRequest", "Response", "ShopModel", "find_difference", "respond"]
