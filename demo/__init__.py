"""The demo shop of ``stockroom seed`` and ``stockroom compare``: equal for an equal scale on every storage."""
