"""Stockroom in the memory of one process: a complete, small backend."""
