"""Tests of the conformance kit: the defects that it catches, and its reports."""
