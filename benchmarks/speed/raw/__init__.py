"""The four endpoints written by hand on each database's driver, as well as we can: nothing of ours is in their way."""
