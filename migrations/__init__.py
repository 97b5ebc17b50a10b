"""The histories of the stored schemas. ``sql`` is an Alembic environment, which Alembic finds by its folder."""
