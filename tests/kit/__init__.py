"""The conformance kit itself: what it catches, and what a stranger can do with it."""
