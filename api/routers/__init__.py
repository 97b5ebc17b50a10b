"""One module per aggregate; every endpoint is thin, typed by the entities, and its docstring is its reference."""
