"""How long the storms play: users, the cloud and faults in any order."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SOAK = "SOAK" in os.environ
USUAL = settings(
    max_examples=1000 if SOAK else 120,
    stateful_step_count=30,
    deadline=None,
    derandomize=not SOAK,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
