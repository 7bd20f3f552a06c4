"""The annotations by which a person asks something of the operator, as verbs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from onecloud_operator.api.annotations import PAUSED, RECONCILE_REQUESTED_AT, RESTART_REQUESTED_AT
from onecloud_operator.api.identity import SERVER
from onecloud_operator.cli import offers
from onecloud_operator.cli.cluster import Cluster, path
from onecloud_operator.cli.confirmations import CONFIRMATIONS, Confirmation
from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Name, Namespace, Output
from onecloud_operator.cli.statuses import text_at
from onecloud_operator.cli.terminal import clean, print_json

Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME", help="Names of OneCloudServers.", autocompletion=offers.servers),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Request:
    """One verb. *value*: of the annotation; None takes it off. *done*: what is said afterwards."""

    verb: str
    annotation: str
    short: str
    more: str
    value: Callable[[], str | None]
    done: str


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


REQUESTS: Final = (
    Request(
        "retry",
        RECONCILE_REQUESTED_AT,
        "Have the operator try again at once",
        "The Secret is read again, too, and changes that were held back are tried again.",
        _now,
        "is tried again",
    ),
    Request(
        "pause",
        PAUSED,
        "Send nothing to the cloud for an object until `resume`",
        "Its status is kept up to date, and it can be deleted.",
        lambda: "true",
        "is paused",
    ),
    Request(
        "resume",
        PAUSED,
        "Look after a paused object again",
        "",
        lambda: None,
        "is no longer paused",
    ),
    Request(
        "restart",
        RESTART_REQUESTED_AT,
        "Restart a server once",
        "Only if spec.disruption.allow permits it; status.restartRequest has the outcome.",
        _now,
        "is to be restarted",
    ),
)


def add_to(app: typer.Typer) -> None:
    """Add a command for each of them."""
    for request in REQUESTS:
        text = described(request.short, request.more, request.annotation)
        app.command(request.verb, help=text, short_help=request.short)(_asking(request))
    for confirmation in CONFIRMATIONS:
        text = described(confirmation.short, confirmation.more, confirmation.annotation)
        app.command(confirmation.verb, help=text, short_help=confirmation.short)(_confirming(confirmation))


def described(short: str, more: str, annotation: str) -> str:
    """Return the description of a verb."""
    return " ".join(each for each in (f"{short}.", more, f"Annotation: {annotation}.") if each)


def _asking(request: Request) -> Callable[..., None]:
    def ask(
        names: Names,
        namespace: Namespace = "",
        context: Context = "",
        kubeconfig: Kubeconfig = "",
        output: Output = Form.TEXT,
    ) -> None:
        cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
        value = request.value()
        body = {"metadata": {"annotations": {request.annotation: value}}}
        answers = []
        try:
            for name in dict.fromkeys(names):
                cluster.patch(path(SERVER, cluster.namespace, name), body)
                answers.append(_answer(cluster, name, request.annotation, value))
                if output == Form.TEXT:
                    typer.echo(f"{name} {request.done}")
        finally:  # what was done before a failure is told, too
            if output == Form.JSON:
                print_json({"items": answers})

    return ask


def _confirming(confirmation: Confirmation) -> Callable[..., None]:
    def confirm(
        name: Name,
        yes: Yes = False,
        namespace: Namespace = "",
        context: Context = "",
        kubeconfig: Kubeconfig = "",
        output: Output = Form.TEXT,
    ) -> None:
        cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
        found = cluster.read(SERVER, cluster.namespace, name)
        value = confirmation.value(found)
        what = f"{cluster.namespace}/{name}" + (f", {value}" if value != "true" else "")
        if not yes:
            rows = "".join(f"\n  {clean(row)}" for row in confirmation.lists(found))
            ask(f"{what}: {confirmation.means}{':' if rows else '.'}", rows)
        # Another object by this name is another's, and the API server refuses the patch then.
        metadata = {
            "uid": text_at(found, "metadata", "uid"),
            "annotations": {confirmation.annotation: value},
        }
        cluster.patch(path(SERVER, cluster.namespace, name), {"metadata": metadata})
        if output == Form.JSON:
            print_json({"items": [_answer(cluster, name, confirmation.annotation, value)]})
        else:
            typer.echo(f"{name}: {confirmation.annotation} is set")

    return confirm


def ask(question: str, rows: str = "") -> None:
    """Ask on the terminal, with *rows* below the question. Raises Failure without one, and Abort for a no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failure(f"{question.rstrip(':.')}. This needs a yes", "add --yes")
    typer.confirm(f"{clean(question)}{rows}\nGo on?", abort=True, err=True)


def _answer(cluster: Cluster, name: str, annotation: str, value: str | None) -> dict[str, str | None]:
    return {"namespace": cluster.namespace, "name": name, "annotation": annotation, "value": value}
