"""Measurements behind decisions. Each is a script; run it with ``.venv/bin/python -m benchmarks.NAME``."""
