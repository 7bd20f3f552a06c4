"""
A process that leads and then does without its event loop for a while; run by test_leadership.py.

    python leader.py NAMESPACE spin|sleep SECONDS

The lease lasts 3 s and its deadline 2 s; a loop counts as dead after 3 s.
"""

import asyncio
import sys
import time

from onecloud_operator.election.leadership import ElectionThread
from onecloud_operator.settings import Settings
from onecloud_operator.telemetry import logs
from onecloud_operator.telemetry.health import Heartbeat

SETTINGS = Settings(
    leader_election=True,
    lease_namespace=sys.argv[1],
    lease_duration_seconds=3,
    lease_renew_seconds=0.5,
    lease_deadline_seconds=2.0,
)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _spin(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def _lead(without: str, seconds: float) -> None:
    heartbeat = Heartbeat(time.monotonic, lambda _late: None, 0.1, 3.0)
    beating = asyncio.create_task(heartbeat.run())
    candidate = ElectionThread(SETTINGS, heartbeat.check, lambda *_call: None)
    election = await candidate.start()
    async with candidate.leading():
        _say("leads")
        (_spin if without == "spin" else time.sleep)(seconds)
        _say("still leads" if election.fence.open else "leads no more")
    _say("released")
    beating.cancel()


logs.configure(form="json", level="INFO")
asyncio.run(_lead(sys.argv[2], float(sys.argv[3])))
