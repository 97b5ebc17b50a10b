"""The four endpoints written by hand on each database's driver, as fast as possible, without Stockroom's code."""
