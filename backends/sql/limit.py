"""How long a database is waited for."""

import logging

from core.errors import Unavailable

logger = logging.getLogger(__name__)


def unanswered() -> Unavailable:
    """The database did not answer in time; SQLAlchemy then throws the connection away."""
    logger.warning("storage did not answer in time")
    return Unavailable()
