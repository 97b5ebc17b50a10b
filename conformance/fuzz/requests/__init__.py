"""What is asked: strategies of single requests, by aggregate."""

from conformance.fuzz.requests.known import Known
from conformance.fuzz.requests.opening import OPENING
from conformance.fuzz.requests.reads import reads
from conformance.fuzz.requests.spoiled import spoiled
from conformance.fuzz.requests.writes import pairs, writes

__all__ = ["OPENING", "Known", "pairs", "reads", "spoiled", "writes"]
