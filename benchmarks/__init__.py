"""Measurements behind decisions. Each is a script: ``.venv/bin/python -m benchmarks.NAME``."""
