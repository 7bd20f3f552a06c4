"""``freeze`` and ``unfreeze``: of an object, of all in a namespace, or of all of a provider."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.api.identity import PROVIDER, SERVER
from onecloud_operator.cli import offers
from onecloud_operator.cli.cluster import Cluster, named, path
from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Namespace, Output
from onecloud_operator.cli.terminal import clean, print_json

Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET",
        help="Name of a OneCloudServer; namespace/NAME for all in it; provider/NAME for all of a provider.",
        autocompletion=offers.servers,
    ),
]
KINDS: Final = {"namespace": "namespace", "ns": "namespace", "provider": "provider", "server": "server"}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("freeze", short_help="Change nothing in the cloud until `unfreeze`")(freeze)
    app.command("unfreeze", short_help="End a freeze")(unfreeze)


def freeze(
    targets: Targets,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """
    Have nothing changed in the cloud: no creation, no change, no deletion, until `unfreeze`.

    Unlike `pause` it holds deletions, too, and can be for many objects. Annotation: onecloud.io/freeze.
    """
    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    _set(cluster, targets, "true", output)


def unfreeze(
    targets: Targets,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """End a freeze. What it held goes on at once. Annotation: onecloud.io/freeze."""
    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    _set(cluster, targets, None, output)


def _set(cluster: Cluster, targets: list[str], value: str | None, output: Form) -> None:
    answers = []
    for kind, name in dict.fromkeys(_parsed(target) for target in targets):
        where = {
            "server": lambda name: path(SERVER, cluster.namespace, name),
            "namespace": lambda name: f"/api/v1/namespaces/{named(name)}",
            "provider": lambda name: path(PROVIDER, None, name),
        }[kind](name)
        cluster.patch(where, {"metadata": {"annotations": {FREEZE: value}}})
        inside = cluster.namespace if kind == "server" else None
        answers.append(
            {"kind": kind, "namespace": inside, "name": name, "annotation": FREEZE, "value": value}
        )
        if output == Form.TEXT:
            typer.echo(f"{kind}/{name} {'is frozen' if value else 'is no longer frozen'}")
    if output == Form.JSON:
        print_json({"items": answers})


def _parsed(target: str) -> tuple[str, str]:
    word, slash, name = target.partition("/")
    if not slash:
        return "server", target
    if word not in KINDS:
        raise Failure(f"{clean(word, 40)!r} cannot be frozen", "write NAME, namespace/NAME or provider/NAME")
    return KINDS[word], name
