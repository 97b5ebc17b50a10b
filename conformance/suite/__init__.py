"""The behaviour that clients and use cases rely on. It knows backends only by their capabilities, not by name."""
