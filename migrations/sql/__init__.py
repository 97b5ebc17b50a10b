"""The Alembic environment of the SQL databases.

``env.py`` runs the revisions in ``versions``, for ``stockroom migrate`` and for the plain ``alembic`` command alike.
What a revision says never changes once it is released: it writes out its tables (the first does so in ``initial``), and
uses nothing of ours that could come to mean something else.
"""
