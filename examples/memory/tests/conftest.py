"""A backend's own tests can ask for what the kit's can."""

from conformance.fixtures import *  # noqa: F403 - pytest looks for them here
