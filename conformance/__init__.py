"""The conformance kit: the behaviour that every storage backend must show, as a pytest suite for any repository.

``docs/writing-a-backend.md`` shows how to bind it to a backend; it takes a class with one method.
"""

from conformance.target import Target

__all__ = ["Target"]
