"""The conformance kit: the behaviour that every storage backend must show, as a suite that anybody can run on theirs.

``docs/writing-a-backend.md`` tells how to bind it to a backend; it takes a class with one method.
"""

from conformance.target import Target

__all__ = ["Target"]
