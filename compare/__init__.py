"""The same work on several storages, side by side: how fast each is, and whether it is right. ``stockroom compare``."""
