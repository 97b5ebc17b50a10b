"""Differential testing: random requests to every storage at once, and to a model of the shop in plain Python.

``steps`` are the requests of a sequence, ``model`` is the shop in plain Python, ``participant`` one storage,
``differential`` runs a sequence on all of them. ``requests`` generates requests, ``machine`` lets hypothesis choose
them, ``shrinking`` makes a failing sequence short, and ``transcript`` replays a written one.
"""
