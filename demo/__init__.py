"""The demo shop of ``stockroom seed`` and ``stockroom compare``: the same for the same scale, on every storage."""
