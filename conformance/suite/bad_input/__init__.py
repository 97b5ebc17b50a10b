"""Tables of valid and invalid values for every field and every parameter, for the tests of bad input."""
