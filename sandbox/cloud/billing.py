"""Actions on what a server costs and how long it is paid for."""

import calendar
import re
from datetime import datetime, timedelta

from . import references, walks
from .act import Act
from .errors import CloudError, bad_input
from .events import Actor
from .guests import Guest
from .tasks import Walk
from .times import FIRST_MOMENT, parse_time, row_time
from .world import World

SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MONTHS = {"M": 1, "Y": 12, "y": 12}


def renew(act: Act) -> None:
    """Pay for one more cycle: it lengthens ``expired_at``, also of a server that is paid for afterwards."""
    cycle = references.text(act.body, "duration")
    start = parse_time(str(act.guest.row["expired_at"])) or FIRST_MOMENT
    ends = later(max(start, act.world.store.now()), cycle)
    act.run("renew", _renewing(act.world, act.guest, act.actor, row_time(ends), cycle))


def expire(act: Act) -> None:
    """Let a server that is paid for afterwards be given back on a day."""
    if act.guest.row["billing_type"] != "postpaid":
        raise CloudError(406, "UnsupportOperationError", "only postpaid server can be expired")
    ends = later(act.world.store.now(), references.text(act.body, "duration"))
    act.world.store.write(act.guest, release_at=row_time(ends))


def cancel_expire(act: Act) -> None:
    """Take that day off; until when the server is paid for stays."""
    act.world.store.write(act.guest, release_at="")


def set_auto_renew(act: Act) -> None:
    """Renew a server that is paid for in advance, and no other, by itself."""
    if act.guest.row["billing_type"] != "prepaid":
        raise CloudError(406, "UnsupportOperationError", "Only prepaid server can be set auto renew")
    act.world.store.write(act.guest, auto_renew=references.flag(act.body, "auto_renew", default=True))


def later(start: datetime, span: str) -> datetime:
    """Return the moment that is *span* (``72h``, ``7D``, ``1M``, ``1Y``) after *start*."""
    match = re.fullmatch(r"(\d+)([hHdDwWMyY])", span.strip())
    if match is None:
        raise bad_input(f"invalid duration {span}")
    count, unit = int(match[1]), match[2]
    if unit not in MONTHS:
        return start + count * SPANS[unit.lower()]
    month = start.month - 1 + count * MONTHS[unit]
    year, month = start.year + month // 12, month % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def _renewing(world: World, guest: Guest, actor: Actor, expired_at: str, cycle: str) -> Walk:
    """Go renewing → sync_status → what it was."""
    world.set_status(guest, "renewing", "", actor)
    yield walks.QUEUED
    world.store.write(guest, expired_at=expired_at, billing_cycle=cycle)
    world.events.add(guest, "renew", {"expired_at": expired_at}, actor)
    yield from walks.settle(world, guest, actor)
