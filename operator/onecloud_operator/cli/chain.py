"""
Why an object is as it is, link by link; nothing here asks anybody.

    object → (provider) → Secret → sign-in → feed → plan        the first link that fails is the answer
                                                  ↳ last error, next try

A link after one that fails is not known: it waits for that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.annotations import PAUSED
from onecloud_operator.api.reasons import (
    DELETING_REASONS,
    SYNCED_REASONS,
    UNTROUBLED,
    Reason,
    ReasonRow,
    reason_in,
)
from onecloud_operator.cli.link import Link, State
from onecloud_operator.cli.provider_link import OF_PROVIDER, Seen, provider_link
from onecloud_operator.cli.statuses import condition, items_at, part, reasons, text_at
from onecloud_operator.cli.times import ago, span, until

if TYPE_CHECKING:
    from datetime import datetime

SECRET: Final = frozenset({Reason.SECRET_NOT_FOUND, Reason.SECRET_INVALID})
SIGN_IN: Final = frozenset(
    {Reason.CREDENTIALS_REJECTED, Reason.ENDPOINT_NOT_ALLOWED, Reason.ENDPOINT_UNREACHABLE}
)
# What the feed of a project cannot tell of a server, or is not allowed to.
FEED: Final = frozenset(
    {
        Reason.CREDENTIALS_MISMATCH,
        Reason.ENDPOINT_UNREACHABLE,
        Reason.FORBIDDEN,
        Reason.NOT_YET_OBSERVED,
        Reason.RATE_LIMITED,
        Reason.SERVER_UNKNOWN,
        Reason.TOO_MANY_GONE,
    }
)
# What a person's answer ends, and the verb for it.
ANSWERS: Final = {
    Reason.PLAN_PENDING: "approve",
    Reason.FROZEN: "unfreeze",
    Reason.TOO_MANY_DELETIONS: "allow-mass-deletion",
    Reason.TOO_MANY_GONE: "confirm-gone",
    Reason.RECYCLE_BIN_OFF: "confirm-delete",
}
NOT_SEEN: Final = (
    "The operator has not looked at it yet. Is it running, and does it watch this namespace? "
    "kubectl -n onecloud-system get pods"
)


def chain(found: Mapping[str, Any], now: datetime, provider: Seen | None = None) -> tuple[Link, ...]:
    """Return the links of an object, from the first to the last; *provider*: the one that it names."""
    before = (provider_link(found, provider, now),) if provider is not None else ()
    links: list[Link] = []
    failed = ""
    for link in (
        _object(found, now),
        *before,
        *_credentials(found, now),
        _feed(found, now),
        _plan(found, now),
    ):
        if failed and link.state != "ok":
            links.append(Link(link.name, "unknown", f"waits for: {failed}"))
        else:
            links.append(link)
            failed = link.name if link.state == "fail" else failed
    return tuple(links)


def verdict(found: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether all is as the spec wants it, and the reason."""
    wanted = not text_at(found, "metadata", "deletionTimestamp") and all(
        condition(found, kind).get("status") == "True" for kind in ("Synced", "Ready")
    )
    seen = part(found, "status").get("observedGeneration")
    current = seen == part(found, "metadata").get("generation")
    if not current:
        return False, "NotYetObserved"
    return wanted, next(iter(reasons(found)), "NotYetObserved")


def next_try(found: Mapping[str, Any], now: datetime) -> str:
    """Return when something is tried again, or what it waits for."""
    status = part(found, "status")
    if at := until(status.get("nextRetryTime"), now):
        return f"{at} ({status['nextRetryTime']})"
    if text_at(found, "metadata", "annotations", PAUSED) not in {"", "false"}:
        return "when it is resumed: kubectl onecloud resume"
    reason = reason_in(next(iter(reasons(found)), None))
    if reason in ANSWERS:
        return f"when a person answers: kubectl onecloud {ANSWERS[reason]}"
    row = _row(reason)
    if reason is None or row is None:
        return "at the operator's next look"
    if row.synced == "True":
        return "none is needed"
    if row.max_seconds is not None:
        return f"within {span(row.max_seconds)}"
    if row.stalled:
        return "when the spec changes, or an annotation answers it"
    return "as soon as the cloud tells of a change"


def held_back(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the changes that are not repeated by themselves."""
    for row in items_at(found, "status", "heldBack"):
        yield f"{row.get('change')}: {row.get('message')}"


def differences(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs from the spec."""
    for row in items_at(found, "status", "drift"):
        yield f"{row.get('field')}: is {row.get('actual')}, not {row.get('desired')}"


def _object(found: Mapping[str, Any], now: datetime) -> Link:
    generation = part(found, "metadata").get("generation")
    seen = part(found, "status").get("observedGeneration")
    if seen in {None, -1}:
        return Link("object", "fail", NOT_SEEN, "NotYetObserved")
    if seen != generation:
        text = f"The operator has not yet looked at generation {generation}; it knows {seen}."
        return Link("object", "wait", text, "NotYetObserved")
    if paused := condition(found, "Paused"):
        since = ago(paused.get("lastTransitionTime"), now)
        return Link("object", "wait", str(paused.get("message")), str(paused.get("reason")), since)
    if deleted := text_at(found, "metadata", "deletionTimestamp"):
        return Link("object", "wait", "It is being deleted.", "Deleting", ago(deleted, now))
    return Link("object", "ok", f"generation {generation} is what the operator looks at")


def _credentials(found: Mapping[str, Any], now: datetime) -> Iterator[Link]:
    said = condition(found, "CredentialsValid")
    reason, status = reason_in(said.get("reason")), said.get("status")
    since, text = ago(said.get("lastTransitionTime"), now), str(said.get("message") or "")
    name = text_at(found, "spec", "credentialsRef", "name")
    if name:
        if reason in SECRET:
            yield Link("Secret", "fail", text, str(reason), since)
        else:
            known = status == "True" or reason in SIGN_IN
            yield Link("Secret", "ok" if known else "unknown", name if known else "It was not read yet.")
    if reason in SIGN_IN or (reason in SECRET and not name):
        yield Link("sign-in", "fail", text, str(reason), since)
    elif status == "True":
        yield Link("sign-in", "ok", _place(found) or text, since=since)
    else:
        yield Link("sign-in", "unknown", text or "It was not tried yet.")


def _place(found: Mapping[str, Any]) -> str:
    cloud = part(found, "status", "cloud")
    words = (("", "authURL"), ("region ", "region"), ("project ", "projectID"))
    return ", ".join(f"{word}{cloud[name]}" for word, name in words if cloud.get(name))


def _feed(found: Mapping[str, Any], now: datetime) -> Link:
    said = _speaker(found)
    reason = reason_in(said.get("reason"))
    if reason in FEED:
        state: State = "wait" if reason == Reason.NOT_YET_OBSERVED else "fail"
        since = ago(said.get("lastTransitionTime"), now)
        return Link("feed", state, str(said.get("message") or ""), str(reason), since)
    server_id = text_at(found, "status", "id")
    if not server_id:
        return Link("feed", "ok", "there is no server yet")
    state_word, ip = text_at(found, "status", "state") or "Unknown", text_at(found, "status", "ip")
    return Link("feed", "ok", f"server {server_id} is {state_word}" + (f", {ip}" if ip else ""))


def _plan(found: Mapping[str, Any], now: datetime) -> Link:
    said = _speaker(found)
    reason = reason_in(said.get("reason"))
    text, since = str(said.get("message") or ""), ago(said.get("lastTransitionTime"), now)
    if said.get("type") == "Synced" and said.get("status") == "True":
        ready = condition(found, "Ready")
        if ready.get("status") == "True":
            return Link("plan", "ok", text, str(reason or ""), since)
        since = ago(ready.get("lastTransitionTime"), now)
        return Link("plan", "wait", str(ready.get("message") or ""), str(ready.get("reason") or ""), since)
    if reason in FEED or reason in SECRET or reason in SIGN_IN or said.get("reason") in OF_PROVIDER:
        return Link("plan", "unknown", "Nothing is decided before the cloud is known.")
    moves = bool(condition(found, "Reconciling")) or reason in UNTROUBLED
    state: State = "wait" if moves and not condition(found, "Stalled") else "fail"
    return Link("plan", state, text or "Nothing is known yet.", str(said.get("reason") or ""), since)


def _speaker(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the condition that says why: Deleting, else Synced."""
    return condition(found, "Deleting") or condition(found, "Synced")


def _row(reason: Reason | None) -> ReasonRow | None:
    if reason is None:
        return None
    return SYNCED_REASONS.get(reason) or DELETING_REASONS.get(reason)
