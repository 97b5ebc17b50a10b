"""What only SQL databases can get wrong, and what only a server can do to its clients."""
