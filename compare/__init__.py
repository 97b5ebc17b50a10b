"""The same workload on several storages: how fast each is, and whether each is correct. ``stockroom compare``."""
