"""MongoDB: replica sets and sharded clusters through Motor and Beanie, and mongomock in process."""
