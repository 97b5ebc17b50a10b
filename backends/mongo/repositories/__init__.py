"""The repositories of MongoDB, one module per entity; ``core.storage.repositories`` describes each method."""
