"""The behaviour that clients and use cases rely on. It knows no backend by name, only by what it can do."""
