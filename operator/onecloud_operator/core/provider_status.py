"""
The status of a OneCloudProvider: conditions, where it leads, who uses it, how fresh what is known is.

And what two statuses in a row give: Events, and lines of the log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.provider_status import SHOWN_NAMESPACES
from onecloud_operator.api.reasons import CREDENTIALS_REASONS, Reason, reason_in
from onecloud_operator.core.conclusion import KubeEvent, LogLine
from onecloud_operator.core.conditions import Condition, listed, part_of, stance, standing
from onecloud_operator.core.records import place_in
from onecloud_operator.core.status_values import text
from onecloud_operator.core.values import Problem, cut, text_of_time, time_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.core.provider_facts import Polled, ProviderFacts, SignedIn, Usage

FEED_SECONDS = 55.0  # between two writes for nothing but a newer poll
SAME_SECONDS = 2.0  # what rounding, and a clock that is corrected, make of one moment
NAMED_NAMESPACES = 8  # in a message
TEXT = 256
URL = 1024
MINUTE, HOUR = 60, 3600
NOT_POLLED = "The cloud accepted the sign-in. It is not polled while no server of the project is watched."
ANSWERS = "The cloud answers."
EVENTFUL = ("CredentialsValid", "Reachable", "Deleting")


def status_of(facts: ProviderFacts) -> dict[str, Any]:
    """Return the status as it is to stand."""
    status: dict[str, Any] = {"observedGeneration": facts.found.provider.generation}
    cloud = _cloud(facts.signed_in) if not isinstance(facts.signed_in, Problem) else None
    # Where the credentials led stays to be seen while they lead nowhere.
    status |= {"cloud": cloud} if cloud is not None else _kept(facts.found.status, "cloud")
    status["servers"] = _servers(facts.usage)
    if facts.polled is not None:
        status["feed"] = _feed(facts, facts.polled)
    status["conditions"] = listed(_conditions(facts), facts.found.status, facts.wall)
    return status


def differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Return whether *new* is worth a write: a poll comes every few seconds, and is told of once a minute."""
    if {**old, "feed": None} != {**new, "feed": None}:
        return True
    before, after = part_of(old, "feed"), part_of(new, "feed")
    if before.get("servers") != after.get("servers"):
        return True
    first, second = (time_of_text(text(each.get("lastPollTime"))) for each in (before, after))
    if first is None or second is None:
        return before != after
    newer = (second - first).total_seconds()
    if abs(newer) <= SAME_SECONDS:
        # No poll was answered since; how long that has lasted is told by the minute.
        lag = text(after.get("lag")) or ""
        return before.get("lag") != lag and not lag.endswith("s")
    return not 0 < newer < FEED_SECONDS


def events_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[KubeEvent]:
    """Yield an Event for each turn of a condition, and one for what two of them say."""
    told = set[tuple[str, str]]()
    for kind in EVENTFUL:
        before, after = standing(old, kind), standing(new, kind)
        if after is None or stance(before) == stance(after) or after["reason"] == Reason.NOT_YET_OBSERVED:
            continue
        said = after["reason"], after["message"]
        if said in told:
            continue
        told.add(said)
        well = after["status"] == "True" and kind != "Deleting"
        yield KubeEvent("Normal" if well else "Warning", Reason(after["reason"]), after["message"])


def log_lines(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, str | None]
) -> Iterator[LogLine]:
    """Yield a line for each turn of Ready; *names*: fields that say which provider it is."""
    before, after = standing(old, "Ready"), standing(new, "Ready")
    if after is None or stance(before) == stance(after) or after["reason"] == Reason.NOT_YET_OBSERVED:
        return
    fields = {**names, "reason": after["reason"]}
    if after["status"] == "True":
        yield LogLine("INFO", "provider ready", fields)
    else:
        heard = after["reason"] in {Reason.RATE_LIMITED, Reason.RELEASED}
        yield LogLine("INFO" if heard else "WARNING", after["message"], fields)


def lag_text(seconds: float) -> str:
    """Return an age as people read it, at most four characters below a hundred days."""
    whole = max(int(seconds), 0)
    if whole < 2 * MINUTE:
        return f"{whole}s"
    return f"{whole // MINUTE}m" if whole < 2 * HOUR else f"{min(whole // HOUR, 9999)}h"


def still_used(usage: Usage) -> str:
    """Return in which namespaces objects still have servers, the ones with most first."""
    ordered = sorted(usage.bound.items(), key=lambda one: (-one[1], one[0]))
    named = ", ".join(f"{count} in {name}" for name, count in ordered[:NAMED_NAMESPACES])
    rest = ordered[NAMED_NAMESPACES:]
    if rest:
        more = f"{len(rest)} more namespace{'s' if len(rest) > 1 else ''}"
        named += f", and {sum(count for _, count in rest)} in {more}"
    total = sum(usage.bound.values())
    subject = f"{total} objects of it still have" if total > 1 else "1 object of it still has"
    return f"{subject} a server: {named}"


# -- conditions ------------------------------------------------------------------------------------------
def _conditions(facts: ProviderFacts) -> Iterator[Condition]:
    generation = facts.found.provider.generation
    valid, reachable = _credentials(facts.signed_in), _reachable(facts)
    for name, (status, reason, message) in (
        ("Ready", _ready(facts, valid, reachable)),
        ("CredentialsValid", valid),
        ("Reachable", reachable),
    ):
        yield Condition(name, status, reason, message, generation)
    if facts.found.deleting:
        yield Condition("Deleting", "True", *_deleting(facts), generation)


_Said = tuple[str, Reason, str]


def _credentials(signed_in: SignedIn | Problem) -> _Said:
    if not isinstance(signed_in, Problem):
        return "True", Reason.AUTHENTICATED, "The cloud accepts the credentials."
    refused = signed_in.reason in {*CREDENTIALS_REASONS, Reason.INVALID_SPEC}
    return "False" if refused else "Unknown", signed_in.reason, signed_in.message


def _reachable(facts: ProviderFacts) -> _Said:
    signed_in, polled = facts.signed_in, facts.polled
    if isinstance(signed_in, Problem):
        asked = signed_in.reason not in {*CREDENTIALS_REASONS, Reason.INVALID_SPEC}
        # A sign-in that was refused was answered; without credentials nobody asked.
        if signed_in.reason == Reason.CREDENTIALS_REJECTED:
            return "True", Reason.AVAILABLE, "The cloud answers, and refuses the credentials."
        return "False" if asked else "Unknown", signed_in.reason, signed_in.message
    if polled is None:
        return "True", Reason.AVAILABLE, NOT_POLLED
    if polled.problem is not None:
        return "False", polled.problem.reason, polled.problem.message
    if polled.age_seconds is None:
        first = "Unknown", Reason.NOT_YET_OBSERVED, "The first poll of the project is awaited."
        return _reached_before(facts.found.status, signed_in) or first
    return "True", Reason.AVAILABLE, ANSWERS


def _reached_before(status: Mapping[str, Any], signed_in: SignedIn) -> _Said | None:
    """Return what was known of the same project before the operator started."""
    before = standing(status, "Reachable")
    reason = reason_in(before.get("reason")) if before is not None else None
    if before is None or reason is None or place_in(status) != signed_in.place:
        return None
    if before.get("status") == "True":
        return "True", Reason.AVAILABLE, ANSWERS
    return ("False", reason, str(before.get("message"))) if before.get("status") == "False" else None


def _ready(facts: ProviderFacts, valid: _Said, reachable: _Said) -> _Said:
    if facts.found.deleting:
        return "False", *_deleting(facts)
    for status, reason, message in (valid, reachable):
        if status != "True":
            return "False", reason, message
    return "True", Reason.AVAILABLE, "The cloud can be used."


def _deleting(facts: ProviderFacts) -> tuple[Reason, str]:
    if facts.usage.bound:
        message = (
            f"{still_used(facts.usage)}. Without the provider these could not be looked after, so it stays "
            "until they are gone: delete the objects, under deletionPolicy Retain if their servers are to "
            "stay. No new server is made with it."
        )
        return Reason.IN_USE, message
    if not facts.usage.complete:
        return Reason.NOT_YET_OBSERVED, "It stays until every object was read that may have a server of it."
    return Reason.RELEASED, "No object has a server of it any more."


# -- the rest --------------------------------------------------------------------------------------------
def _cloud(signed_in: SignedIn) -> dict[str, Any]:
    place = signed_in.place
    named = {"project": cut(signed_in.project, TEXT)} if signed_in.project else {}
    return {
        "authURL": cut(place.auth_url, URL),
        "region": cut(place.region, TEXT),
        **named,
        "projectID": cut(place.project_id, TEXT),
    }


def _servers(usage: Usage) -> dict[str, Any]:
    made: dict[str, Any] = {"total": usage.total, "running": usage.states.get("Running", 0)}
    if usage.states:
        made["states"] = dict(sorted(usage.states.items()))
    ordered = sorted(usage.namespaces.items(), key=lambda one: (-one[1], one[0]))
    if ordered:
        made["namespaces"] = [{"name": name, "servers": count} for name, count in ordered[:SHOWN_NAMESPACES]]
    if len(ordered) > SHOWN_NAMESPACES:
        made["otherNamespaces"] = len(ordered) - SHOWN_NAMESPACES
    return made


def _feed(facts: ProviderFacts, polled: Polled) -> dict[str, Any]:
    made: dict[str, Any] = {"servers": polled.servers}
    if polled.age_seconds is not None:
        made["lastPollTime"] = text_of_time(facts.wall - timedelta(seconds=polled.age_seconds))
        made["lag"] = lag_text(polled.age_seconds)
    return made


def _kept(status: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = part_of(status, name)
    return {name: dict(found)} if found else {}
