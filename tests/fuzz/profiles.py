"""Hypothesis profiles: how many sequences, and how long."""

from hypothesis import HealthCheck, Phase, Verbosity, settings

PROFILE = settings(
    stateful_step_count=40,
    deadline=None,
    database=None,
    print_blob=False,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
    report_multiple_bugs=False,
)
CI = settings(PROFILE, derandomize=True, max_examples=60)
FUZZ = settings(PROFILE, max_examples=50, stateful_step_count=60)
