"""The shop itself: entities, the storage contract and the use cases. Knows no web framework and no database."""
