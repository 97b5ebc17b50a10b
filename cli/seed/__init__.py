"""``stockroom seed``, and the demo shop it writes: the same for the same scale, on every storage."""

from cli.seed.command import seed

__all__ = ["seed"]
