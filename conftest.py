"""Binds our own backends to the conformance suite, in the way anybody else's are bound, and starts their servers."""

pytest_plugins = ["tests.harness.plugin"]
