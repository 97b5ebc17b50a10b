"""Our own tests ask for a storage in the same words as the suite."""

from conformance.fixtures import *  # noqa: F403 - pytest looks for them here
