"""Hypothesis strategies that generate single requests."""

from conformance.fuzz.requests.initial import INITIAL_STEPS
from conformance.fuzz.requests.known import KnownNames
from conformance.fuzz.requests.mutated import mutated
from conformance.fuzz.requests.reads import reads
from conformance.fuzz.requests.writes import pairs, writes

__all__ = ["INITIAL_STEPS", "KnownNames", "mutated", "pairs", "reads", "writes"]
