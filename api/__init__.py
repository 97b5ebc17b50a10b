"""The HTTP API, on FastAPI."""
