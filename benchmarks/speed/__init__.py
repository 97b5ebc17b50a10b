"""Compares Stockroom with the same endpoints hand-written on the raw driver, and in the style of tutorials."""
