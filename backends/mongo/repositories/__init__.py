"""One module per aggregate, as in ``core.storage.repositories``, whose docstrings are the contract."""
