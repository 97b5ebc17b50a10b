"""Use cases: what needs more than one repository call, or a rule of the shop. Functions of a storage and a request."""
