"""Differential testing: random conversations with every storage at once, and with a shop in plain Python.

``steps`` are the lines of a conversation, ``model`` is the shop in plain Python, ``seat`` one storage that takes part,
``panel`` all of them. ``requests`` makes up what is asked, ``machine`` lets hypothesis drive it, and ``transcript``
writes a conversation down and holds it again.
"""
