"""The tables behind ``test_bad_input.py``: what passes and what does not, for every field and every parameter."""
