"""The tests of this repository use the fixtures of the conformance suite."""

from conformance.fixtures import *  # noqa: F403 - pytest looks for them here
