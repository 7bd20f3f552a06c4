"""``top``: which servers take most, and what keeps servers from being ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from onecloud_operator.cli.parameters import AllNamespaces, Context, Form, Kubeconfig, Namespace, Output

if TYPE_CHECKING:
    from onecloud_operator.cli.terminal import Screen, Tone

MOST_OBJECTS: Final = 100_000
REASONS: Final = 6  # in the line that sums up
TITLES: Final = ("NAMESPACE", "NAME", "READY", "STATE", "REASON", "CPU", "MEMORY", "DISK", "IP", "AGE")


class Order(StrEnum):
    """By what the servers are arranged."""

    MEMORY = "memory"
    CPU = "cpu"
    DISK = "disk"
    AGE = "age"
    NAME = "name"


Sort = Annotated[Order, typer.Option("--sort", help="What counts: the greatest, or oldest, first.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="At most so many rows.")]
NotReady = Annotated[
    bool, typer.Option("--not-ready", help="Only servers that are not as wanted.", show_default=False)
]
Selector = Annotated[
    str,
    typer.Option(
        "--selector", "-l", metavar="LABELS", help="Only objects with these labels.", show_default=False
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("top", short_help="Sum up servers: sizes, states, what is wrong")(top)


def top(
    sort: Sort = Order.MEMORY,
    limit: Limit = 20,
    not_ready: NotReady = False,
    selector: Selector = "",
    all_namespaces: AllNamespaces = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """
    Sum up the servers of a namespace, or of all: what they are given, their states, and what is wrong.

    Sizes are those that the cloud shows, not what the systems in the servers use of them.
    """
    from onecloud_operator.api.identity import SERVER
    from onecloud_operator.cli.cluster import Cluster
    from onecloud_operator.cli.fleet import arranged, row_of, totals
    from onecloud_operator.cli.terminal import Screen, print_json

    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    query = {"labelSelector": selector} if selector else {}
    inside = None if all_namespaces else cluster.namespace
    found = [row_of(each) for each in cluster.objects(SERVER, inside, MOST_OBJECTS, **query)]
    rows = arranged((row for row in found if not (not_ready and row["ready"])), sort.value)
    summary = totals(found)
    if output == Form.JSON:
        print_json({"items": rows[:limit], "total": summary, "omitted": max(len(rows) - limit, 0)})
    else:
        _show(Screen(), rows, limit, summary)


def _show(screen: Screen, rows: Sequence[Mapping[str, Any]], limit: int, summary: Mapping[str, Any]) -> None:
    from onecloud_operator.cli.fleet import size_text
    from onecloud_operator.cli.statuses import counted

    now = datetime.now(UTC)
    if rows:
        screen.table(TITLES, [_cells(row, now) for row in rows[:limit]])
        screen.say()
    if len(rows) > limit:
        screen.say((f"and {len(rows) - limit} more: --limit shows them", "faint"))
    memory, disk = size_text(summary["memoryMiB"]), size_text(summary["diskMiB"])
    screen.say(
        (counted(summary["servers"], "server"), "strong"),
        f", {summary['ready']} as wanted: {counted(summary['cpu'], 'CPU')}, {memory} memory, {disk} disk",
    )
    if summary["reasons"]:
        counts = [f"{count} {reason}" for reason, count in summary["reasons"].items()]
        more = f", and {counted(len(counts) - REASONS, 'more reason')}" if len(counts) > REASONS else ""
        screen.say(("not as wanted: ", "bad"), ", ".join(counts[:REASONS]) + more)


def _cells(row: Mapping[str, Any], now: datetime) -> tuple[str | tuple[str, Tone], ...]:
    from onecloud_operator.cli.fleet import size_text
    from onecloud_operator.cli.times import moment, span

    created = moment(row["created"])
    return (
        row["namespace"],
        row["name"],
        ("True", "good") if row["ready"] else ("False", "bad"),
        row["state"],
        row["reason"],
        str(row["cpu"]),
        size_text(row["memoryMiB"]),
        size_text(row["diskMiB"]),
        row["ip"],
        span((now - created).total_seconds()) if created is not None else "",
    )
