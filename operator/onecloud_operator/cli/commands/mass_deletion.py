"""``allow-mass-deletion``: a person agrees to the deletions of a namespace that are held for their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

import typer

from onecloud_operator.api.annotations import ALLOW_MASS_DELETION
from onecloud_operator.api.identity import SERVER
from onecloud_operator.api.reasons import Reason
from onecloud_operator.cli.cluster import Cluster, named
from onecloud_operator.cli.commands.verbs import Yes, ask
from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Namespace, Output
from onecloud_operator.cli.statuses import condition, counted, name_of, text_at
from onecloud_operator.cli.terminal import print_json
from onecloud_operator.cli.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_OBJECTS: Final = 100_000
NAMED: Final = 5  # in the question
TICK: Final = timedelta(seconds=1)  # the API server writes whole seconds


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("allow-mass-deletion", short_help="Agree that many servers are deleted")(allow)


def allow(
    yes: Yes = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """
    Agree to the deletions of a namespace that are held for their number, and to none that comes later.

    Annotation of the namespace: onecloud.io/allow-mass-deletion.
    """
    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    held = list(_held(cluster.objects(SERVER, cluster.namespace, MOST_OBJECTS)))
    if not held:
        raise Failure(
            f"no deletion in {cluster.namespace} waits for this", "`kubectl onecloud top -A` shows what waits"
        )
    value = _after(held)
    if not yes:
        names = [name_of(each) for each in held]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        removed = f"{counted(len(names), 'server')} of {cluster.namespace}"
        ask(f"This removes {removed}: {', '.join(names[:NAMED])}{more}.")
    body = {"metadata": {"annotations": {ALLOW_MASS_DELETION: value}}}
    cluster.patch(f"/api/v1/namespaces/{named(cluster.namespace)}", body)
    if output == Form.JSON:
        row = {"namespace": cluster.namespace, "annotation": ALLOW_MASS_DELETION, "value": value}
        print_json({"items": [{**row, "servers": len(held)}]})
    else:
        typer.echo(f"agreed to {counted(len(held), 'deletion')} in {cluster.namespace}")


def _held(found: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (each for each in found if condition(each, "Deleting").get("reason") == Reason.TOO_MANY_DELETIONS)


def _after(held: Sequence[Mapping[str, Any]]) -> str:
    """Return a time just after the newest deletion, by the API server's own clock."""
    times = [moment(text_at(each, "metadata", "deletionTimestamp")) for each in held]
    newest = max(each for each in times if each is not None)
    return (newest + TICK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
