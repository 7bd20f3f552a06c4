"""``plan -f DIR``: what applying manifests would do, without applying them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Namespace, Output

if TYPE_CHECKING:
    from onecloud_operator.cli.terminal import Screen, Tone

NOTHING, FAILED, CHANGES = 0, 1, 2
SPEC_ROWS: Final = 20  # of one object's differences, for a person
TONES: Final[Mapping[str, Tone]] = {
    "create": "good",
    "change": "busy",
    "unknown": "busy",
    "none": "faint",
    "refused": "bad",
}
WORDS: Final = {
    "create": "is created",
    "change": "changes",
    "unknown": "cannot be told",
    "none": "nothing to do",
    "refused": "is refused",
}
COUNTED: Final = {
    "create": "to create",
    "change": "to change",
    "unknown": "cannot be told",
    "none": "with nothing to do",
    "refused": "refused",
}
LOSSES: Final = frozenset({"Rebuild", "Recycle", "Delete"})

Files = Annotated[
    list[str],
    typer.Option("--filename", "-f", metavar="PATH", help="File or directory; - reads the standard input."),
]
Recursive = Annotated[
    bool, typer.Option("--recursive", "-R", help="Directories with all below them.", show_default=False)
]
Manager = Annotated[
    str,
    typer.Option(
        "--field-manager",
        metavar="NAME",
        help="Who will apply, such as argocd-controller; without it, who applied last.",
        show_default=False,
    ),
]
AskCloud = Annotated[
    bool,
    typer.Option(
        "--cloud",
        help="Ask the cloud, too: for the servers as they are now, and by its own dry run whether it would "
        "make new ones; with the shell's OS_ variables if there are any, else with each object's Secret.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan", short_help="Say what applying manifests would do; 2 if anything")(plan)


def plan(
    filename: Files,
    recursive: Recursive = False,
    field_manager: Manager = "",
    cloud: AskCloud = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """
    Say what applying manifests would do, and apply nothing.

    The API server is asked for a dry run of each, and the operator's own rules say what follows for the
    server, as its status shows it; with --cloud, as it is now.

    Exit code: 0 nothing would change, 2 something would, 1 an error or a refusal.
    """
    from onecloud_operator.cli import planned
    from onecloud_operator.cli.cluster import Cluster
    from onecloud_operator.cli.failure import Failure
    from onecloud_operator.cli.manifest_reading import read_manifests
    from onecloud_operator.cli.terminal import Screen, print_json

    found = read_manifests(filename, recursive=recursive)
    if not found.servers:
        raise Failure("there is no OneCloudServer in what -f names", "add -R for the directories below it")
    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    placed = planned.placed(found.servers, cluster.namespace)
    items = planned.rows(cluster, placed, manager=field_manager, cloud=cloud)
    counts = Counter(item["action"] for item in items)
    code = FAILED if counts["refused"] else CHANGES if counts.total() > counts["none"] else NOTHING
    if output == Form.JSON:
        summary = {action: counts[action] for action in WORDS}
        print_json({"items": items, "summary": summary, "otherKinds": found.others, "exitCode": code})
    else:
        _show(Screen(), items, counts)
    raise typer.Exit(code)


def _show(screen: Screen, items: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> None:
    for item in items:
        _show_item(screen, item)
    told = ", ".join(f"{counts[action]} {COUNTED[action]}" for action in COUNTED if counts[action])
    screen.say()
    screen.say(("Plan: ", "strong"), f"{told}.")


def _show_item(screen: Screen, item: Mapping[str, Any]) -> None:
    action = item["action"]
    message = f": {item['message']}" if item["message"] else ""
    screen.say(f"{item['namespace']}/{item['name']}: ", (f"{WORDS[action]}{message}", TONES[action]))
    for step in item["steps"]:
        tone: Tone = "bad" if step["effect"] in LOSSES else "plain"
        screen.say((f"{step['field']}: {_change(step)} ({step['effect']})", tone), indent=2)
    shown = item["spec"][:SPEC_ROWS]
    for row in shown:
        screen.say((f"{row['field']}: {_change(row)}", "faint"), indent=2)
    if len(shown) < len(item["spec"]):
        screen.say((f"and {len(item['spec']) - len(shown)} more: -o json shows all", "faint"), indent=2)
    if (held := item["held"]) is not None:
        screen.say((f"held: {held['reason']}: {held['message']}", "busy"), indent=2)


def _change(row: Mapping[str, Any]) -> str:
    before, after = row["from"], row["to"]
    if before is None:
        return str(after)
    return f"{before} → {'none' if after is None else after}"
