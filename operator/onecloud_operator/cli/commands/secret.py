"""``secret rcadmin``: the credentials of the platform's shell file, as a Secret."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from onecloud_operator.cli.failure import Failure, Refused
from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Namespace, Output
from onecloud_operator.cli.terminal import print_json, remark

if TYPE_CHECKING:
    from onecloud_operator.cli.cluster import Cluster

FILE_CHARACTERS: Final = 2**20
OPAQUE: Final = "Opaque"

secret = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

File = Annotated[
    str,
    typer.Argument(metavar="[FILE]", help="The shell file; - reads the standard input.", show_default=False),
]
SecretName = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the Secret.")]
FromEnv = Annotated[
    bool, typer.Option("--from-env", help="Take the OS_ variables of this shell.", show_default=False)
]
Authority = Annotated[
    str,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="CA certificates of the cloud, in PEM form, as ca.crt.",
        show_default=False,
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Sign in from here before anything is written.", show_default=False)
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Change the Secret if it exists.", show_default=False)
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Write nothing: print the Secret as a manifest, WITH ITS VALUES, for a program that seals it.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(secret, name="secret", help="Make Secrets with credentials for a cloud.")


@secret.callback()
def _group() -> None:
    pass


@secret.command("rcadmin", short_help="Make a Secret of the platform's shell file")
def rcadmin(
    file: File = "",
    name: SecretName = "onecloud",
    from_env: FromEnv = False,
    ca: Authority = "",
    check: Check = False,
    replace: Replace = False,
    dry_run: DryRun = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    """
    Make a Secret of the platform's shell file, with quotes as a shell reads them; nothing in it is run.

    Only what the operator reads of it is stored. It is checked for what is missing; with --check, the cloud
    is asked whether it signs in.
    """
    from onecloud_operator.cli.cloud import ask, credentials_in
    from onecloud_operator.cli.cluster import Cluster, named

    named(name)
    values = _values(file, from_env=from_env)
    if ca:
        values["ca.crt"] = _read(ca)
    manifest = _manifest(name, values)
    credentials = credentials_in(manifest, name)
    if check:
        ask(credentials, _nothing, own=True)
        remark(f"{credentials.auth_url} lets these credentials sign in.")
    if dry_run:
        print_json(manifest)
        return
    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    created = _write(cluster, manifest, replace=replace)
    keys = sorted(values)
    if output == Form.JSON:
        print_json({"namespace": cluster.namespace, "name": name, "created": created, "keys": keys})
        return
    typer.echo(
        f"secret/{name} {'created' if created else 'changed'} in {cluster.namespace}: {', '.join(keys)}"
    )
    typer.echo(f"name it in a server's spec: credentialsRef: {{name: {name}}}")


async def _nothing(_: object) -> None:
    """Ask nothing: signing in is enough."""


def _values(file: str, *, from_env: bool) -> dict[str, str]:
    """Return what the operator reads of the file or the environment. Raises Failure."""
    from onecloud_operator.cli.shell_file import variables
    from onecloud_operator.kube.secrets import SIGN_IN_KEYS

    if bool(file) == from_env:
        raise Failure(
            "name one source of credentials: FILE or --from-env", "kubectl onecloud secret rcadmin FILE"
        )
    given = dict(os.environ) if from_env else variables(_read(file))
    values = {key: value for key, value in given.items() if key in SIGN_IN_KEYS and value}
    passed = sorted(key for key in given if key.startswith(("OS_", "YUNION_")) and key not in SIGN_IN_KEYS)
    if passed:
        remark(f"The operator does not read {', '.join(passed)}.")
    return values


def _read(file: str) -> str:
    try:
        if file == "-":
            text = sys.stdin.read(FILE_CHARACTERS + 1)
        else:
            with Path(file).open(encoding="utf-8") as opened:
                text = opened.read(FILE_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Failure(f"cannot read {file}: {why}") from None
    if len(text) > FILE_CHARACTERS:
        raise Failure(f"{file} is longer than {FILE_CHARACTERS} characters")
    return text


def _manifest(name: str, values: dict[str, str]) -> dict[str, Any]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in sorted(values.items())}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": OPAQUE, "data": data}


def _write(cluster: Cluster, manifest: dict[str, Any], *, replace: bool) -> bool:
    """Create the Secret, or change the one there is; return whether it was created. Raises Failure."""
    from onecloud_operator.cli.cluster import FIELD_MANAGER, core_path
    from onecloud_operator.kube.secrets import SIGN_IN_KEYS

    name = manifest["metadata"]["name"]
    query = {"fieldManager": FIELD_MANAGER}
    try:
        cluster.call("POST", core_path(cluster.namespace, "secrets"), query=query, body=manifest)
    except Refused as error:
        if error.status != 409:  # noqa: PLR2004
            raise
    else:
        return True
    if not replace:
        raise Failure(f"secret {name} exists in {cluster.namespace}", "add --replace to change it")
    where = core_path(cluster.namespace, "secrets", name)
    found = cluster.call("GET", where)
    if found.get("type") != OPAQUE:
        raise Failure(
            f"secret {name} is of the type {found.get('type')}, so it holds something else", "use --name"
        )
    # Keys that are none of ours stay, such as an SSH key of somebody else's.
    gone = dict.fromkeys(key for key in SIGN_IN_KEYS if key in (found.get("data") or {}))
    metadata = {key: found["metadata"][key] for key in ("uid", "resourceVersion")}
    cluster.patch(where, {"metadata": metadata, "data": {**gone, **manifest["data"]}})
    return False
