"""``why``: all that is known of one object, in one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Name, Namespace, Output

if TYPE_CHECKING:
    from onecloud_operator.cli.cluster import Cluster
    from onecloud_operator.cli.link import Link
    from onecloud_operator.cli.provider_link import Seen
    from onecloud_operator.cli.terminal import Screen, Tone

AskCloud = Annotated[
    bool,
    typer.Option(
        "--cloud",
        help="Ask the cloud, too: with the shell's OS_ variables if there are any, else with the object's "
        "Secret, if you may read it.",
        show_default=False,
    ),
]
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "ok": ("ok  ", "good"),
    "fail": ("FAIL", "bad"),
    "wait": ("wait", "busy"),
    "unknown": ("?   ", "faint"),
}
LINES: Final = 8  # of each list
WIDTHS: Final = (4, 10)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("why", short_help="Say why a server is as it is")(why)


def why(
    name: Name,
    cloud: AskCloud = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """
    Say why a server is as it is: object, Secret, sign-in, feed, plan, last error, next try, Events.

    The first link that is marked FAIL is the answer; those after it wait for it.
    """
    from onecloud_operator.api.identity import SERVER
    from onecloud_operator.cli.cluster import Cluster
    from onecloud_operator.cli.terminal import Screen, print_json

    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    found = cluster.read(SERVER, cluster.namespace, name)
    answer = _answer(cluster, found, datetime.now(UTC), cloud=cloud)
    if output == Form.JSON:
        print_json(answer)
    else:
        _show(Screen(), answer, datetime.now(UTC))


def _answer(cluster: Cluster, found: Mapping[str, Any], now: datetime, *, cloud: bool) -> dict[str, Any]:
    """Return what -o json prints."""
    from onecloud_operator.cli import chain
    from onecloud_operator.cli.failure import Failure
    from onecloud_operator.cli.happenings import events_of
    from onecloud_operator.cli.provider_link import provider_of
    from onecloud_operator.cli.statuses import name_of, namespace_of, part, plan_steps, text_at

    ready, reason = chain.verdict(found)
    provider = provider_of(cluster, found)
    remarks: list[str] = []
    try:
        events = events_of(cluster, found)
    except Failure as failure:
        events = []
        remarks.append(f"The Events cannot be read: {failure}")
    return {
        "namespace": namespace_of(found),
        "name": name_of(found),
        "uid": text_at(found, "metadata", "uid"),
        "generation": part(found, "metadata").get("generation"),
        "ready": ready,
        "reason": reason,
        "chain": [_row(link) for link in chain.chain(found, now, provider)],
        "planned": list(plan_steps(found)),
        "differing": list(chain.differences(found)),
        "heldBack": list(chain.held_back(found)),
        "lastError": dict(part(found, "status", "lastError")) or None,
        "nextTry": chain.next_try(found, now),
        "nextRetryTime": text_at(found, "status", "nextRetryTime") or None,
        "events": events,
        "cloud": _ask_cloud(cluster, found, provider, remarks) if cloud else None,
        "remarks": remarks,
    }


def _row(link: Link) -> dict[str, str]:
    return {
        "link": link.name,
        "state": link.state,
        "reason": link.reason,
        "message": link.text,
        "since": link.since,
    }


def _ask_cloud(
    cluster: Cluster, found: Mapping[str, Any], provider: Seen | None, remarks: list[str]
) -> dict[str, Any] | None:
    """Return what the cloud says of the server now, or None with a remark."""
    from onecloud_operator.cli import cloud
    from onecloud_operator.cli.cloud_check import server_row
    from onecloud_operator.cli.failure import Failure
    from onecloud_operator.cli.statuses import text_at

    server_id = text_at(found, "status", "id")
    if not server_id:
        remarks.append("The cloud was not asked: the object has no server yet.")
        return None
    try:
        credentials, own = cloud.own_credentials(), True
        if credentials is None:
            own = False
            credentials = cloud.read_credentials(cluster, *cloud.secret_of(found, provider))
        project_id = text_at(found, "status", "cloud", "projectID")
        row = cloud.ask(credentials, server_row(server_id, project_id), own=own)
    except Failure as failure:
        remarks.append(f"The cloud was not asked: {failure}")
        return None
    if row is None:
        return {"id": server_id, "exists": False}
    shown = ("name", "status", "power_states", "pending_deleted", "updated_at", "tenant", "host")
    return {"id": server_id, "exists": True, **{name: row[name] for name in shown if name in row}}


def _show(screen: Screen, answer: Mapping[str, Any], now: datetime) -> None:
    from onecloud_operator.cli.times import ago

    state: tuple[str, Tone] = ("as wanted", "good") if answer["ready"] else ("not as wanted", "bad")
    screen.say((answer["name"], "strong"), f" in {answer['namespace']}: ", state, f" ({answer['reason']})")
    screen.say()
    links: list[tuple[str | tuple[str, Tone], ...]] = [
        (MARKS[link["state"]], link["link"], _words(link)) for link in answer["chain"]
    ]
    screen.grid([*links, *(("", title, text) for title, text in _facts(answer, now))], WIDTHS)
    if answer["events"]:
        screen.say()
        events = [
            (ago(event["time"], now), event["type"], event["reason"], event["message"])
            for event in reversed(answer["events"])
        ]
        screen.table(("EVENT", "TYPE", "REASON", "MESSAGE"), events)
    if not answer["ready"]:
        screen.say()
        anchor = str(answer["reason"]).lower()
        screen.say((f"docs/reasons.md#{anchor} says what to do about {answer['reason']}.", "faint"))


def _words(link: Mapping[str, str]) -> str:
    reason = f"{link['reason']}: " if link["reason"] and link["state"] != "ok" else ""
    since = f" ({link['since']})" if link["since"] else ""
    return f"{reason}{link['message']}{since}"


def _facts(answer: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what else is known, each with its title."""
    from onecloud_operator.cli.times import ago

    if error := answer["lastError"]:
        request = f", request {error['requestID']}" if error.get("requestID") else ""
        words = f"{error.get('reason')}: {error.get('message')}"
        yield "last error", f"{words} ({ago(error.get('time'), now)}{request})"
    yield "next try", answer["nextTry"]
    lists = {"planned": "planned", "differs": "differing", "held back": "heldBack"}
    for title, rows in ((title, answer[name]) for title, name in lists.items()):
        yield from ((title, row) for row in rows[:LINES])
        if len(rows) > LINES:
            yield title, f"and {len(rows) - LINES} more: -o json shows all"
    if (cloud := answer["cloud"]) is not None:
        said = ", ".join(f"{key} {value}" for key, value in cloud.items() if key not in {"id", "exists"})
        yield "cloud", said if cloud["exists"] else f"it has no server {cloud['id']}"
    yield from (("remark", remark) for remark in answer["remarks"])
