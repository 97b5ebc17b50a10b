"""Requests read strictly: parameters, JSON and form bodies."""
