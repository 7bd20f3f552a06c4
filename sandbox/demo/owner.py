"""Where the demo plays, too: in a cluster and a cloud of the person's own, who is asked first."""

from __future__ import annotations

import base64
import secrets
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml

from sandbox import interrupts
from sandbox.cluster import tools
from sandbox.cluster.control_plane import free_port
from sandbox.cluster.scratch import scratch
from sandbox.demo import steps
from sandbox.demo.choice import ChoiceError
from sandbox.demo.places import EXAMPLES, Place
from sandbox.demo.play import Play, Unseen
from sandbox.demo.scene import NAMESPACE, Scene
from sandbox.demo.shell import Shell, ShellError
from sandbox.demo.sights import CRD
from sandbox.stage import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.demo.choice import Own
    from sandbox.demo.show import Show
    from sandbox.demo.steps import Step

WEB_SERVERS: Final = 3
SECRET: Final = "onecloud"  # the name that the examples refer to  # noqa: S105
REMOVE_SECONDS: Final = 300
MARK: Final = "onecloud.io/demo"


@contextmanager
def own(chosen: Own, show: Show) -> Iterator[Place]:
    """Give the person's cluster once he has agreed; remove at the end what was made. Raises ChoiceError."""
    kubectl = tools.kubectl()
    with ExitStack() as stack:
        directory = stack.enter_context(scratch())
        kubeconfig = directory / "kubeconfig"
        kubeconfig.touch(0o600)
        kubeconfig.write_text(_only(chosen.context, Shell(kubectl, None, directory)))
        shell = Shell(kubectl, kubeconfig, directory)
        secret, auth_url = _secret(chosen.secret)
        (directory / "secret.yaml").write_text(secret)
        (directory / "web-1.yaml").write_text(_server(chosen))
        mark = secrets.token_hex(8)
        (directory / "namespace.yaml").write_text(_namespace(mark))
        known = _known(shell, chosen.context)
        show.facts(_plan(chosen, shell, auth_url, known=known))
        _agree(chosen, show)
        port = free_port()
        operator = Operator(
            kubeconfig, waiting=True, namespaces=NAMESPACE, listen_address="127.0.0.1", listen_port=port
        )
        stack.enter_context(operator)
        scene = Scene(shell, operator, f"http://127.0.0.1:{port}", None)
        stack.callback(_remove, scene, show, mark)
        stack.callback(scene.unwatch)
        yield Place(scene, _steps(directory, known=known), kubeconfig, kubectl)


def _only(context: str, shell: Shell) -> str:
    """Return a kubeconfig with *context* alone, whole in itself."""
    names = shell.ask("kubectl", "config", "get-contexts", "--output", "name").splitlines()
    if context not in names:
        there = f"there are: {', '.join(names)}" if names else "there is none at all"
        raise ChoiceError(
            f"The kubeconfig has no context {context}; {there}. KUBECONFIG=file names another file."
        )
    return shell.ask("kubectl", "config", "view", "--context", context, "--minify", "--flatten", "--raw")


def _secret(path: Path) -> tuple[str, str]:
    """Return the Secret in *path*, under our name and namespace, and the address that it leads to."""
    howto = (
        "SECRET must name a file with one Secret. From the cloud's own shell file\n"
        "(rcadmin) it is made by\n"
        "  env -i sh -ac '. ./rcadmin; env' | grep ^OS_ |\n"
        "    kubectl create secret generic onecloud --dry-run=client -o yaml \\\n"
        "      --from-env-file=/dev/stdin > secret.yaml"
    )
    try:
        documents = [each for each in yaml.safe_load_all(path.read_text()) if each is not None]
        (document,) = documents
        if document["kind"] != "Secret":
            raise ChoiceError(howto)
        data = {
            **{key: base64.b64decode(value).decode() for key, value in (document.get("data") or {}).items()},
            **(document.get("stringData") or {}),
        }
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError):
        raise ChoiceError(howto) from None  # the cause could hold a part of the Secret
    parts = urlsplit(str(data.get("OS_AUTH_URL", "")))
    if not parts.hostname:
        raise ChoiceError("The Secret has no OS_AUTH_URL, the address where one signs in to the cloud")
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE},
        "stringData": data,
    }
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return yaml.safe_dump(manifest, sort_keys=False), address


def _namespace(mark: str) -> str:
    """Return a namespace that is known again at the end by its *mark*."""
    metadata = {"name": NAMESPACE, "annotations": {MARK: mark}}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, sort_keys=False)


def _server(chosen: Own) -> str:
    """Return the minimal example with an image and a network that exist, and without a key pair."""
    manifest: dict[str, Any] = yaml.safe_load((EXAMPLES / "servers" / "minimal.yaml").read_text())
    server = manifest["spec"]["server"]
    server |= {"image": chosen.image, "networks": [{"network": chosen.network}]}
    del server["keypair"]
    return yaml.safe_dump(manifest, sort_keys=False)


def _known(shell: Shell, context: str) -> bool:
    """Return whether the cluster knows the resource. Raises ChoiceError if the demo cannot play in it."""
    try:
        namespace = shell.ask("kubectl", "get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "name")
        crd = shell.ask("kubectl", "get", "crd", CRD, "--ignore-not-found", "--output", "name")
    except ShellError as error:
        raise ChoiceError(f"The cluster cannot be used: {error}") from error
    if namespace:
        raise ChoiceError(
            f"The cluster has a namespace {NAMESPACE} already, and the demo touches nothing of yours.\n"
            f"If an earlier demo left it: kubectl --context {context} delete namespace {NAMESPACE}"
        )
    return bool(crd)


def _plan(chosen: Own, shell: Shell, auth_url: str, *, known: bool) -> dict[str, str]:
    """Return what the person agrees to."""
    path = "jsonpath={.clusters[0].cluster.server}"
    server = shell.ask("kubectl", "config", "view", "--minify", "--output", path)
    resource = "" if known else f"the CustomResourceDefinition {CRD}, "
    afterwards = (
        "was there before, and is not touched"
        if known
        else "stays; `kubectl delete -k crds/` removes it and all objects of its kind"
    )
    return {
        "cluster": f"{chosen.context} ({server})",
        "cloud": f"the one at {auth_url}",
        "it makes": (
            f"in the cluster: {resource}the namespace {NAMESPACE} with the Secret {SECRET} and the "
            f"OneCloudServers web-1 to web-{WEB_SERVERS}; in the cloud: their {WEB_SERVERS} servers, "
            "which may cost money"
        ),
        "it runs": (
            "the operator, on this machine, with the rights of your context, for this namespace only. No "
            "other OneCloud operator in the cluster may watch that namespace"
        ),
        "at the end": (
            "it deletes the objects and the namespace with the Secret; the servers go to the cloud's "
            f"recycle bin. The CustomResourceDefinition {afterwards}"
        ),
    }


def _agree(chosen: Own, show: Show) -> None:
    if chosen.agreed:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChoiceError("Nobody can be asked here: say YES=1 if that is what you want.")
    if not show.ask("Go on?"):
        raise ChoiceError("Nothing was made.")


def _steps(directory: Path, *, known: bool) -> tuple[Step, ...]:
    manifest = str(directory / "web-1.yaml")
    return (
        *(() if known else (steps.INSTALL,)),
        steps.start("the rights of your context"),
        steps.credentials(
            f"kubectl create -f {directory / 'namespace.yaml'}",
            f"kubectl apply -f {directory / 'secret.yaml'}",
            why="They are those of your file, under the name that objects give.",
        ),
        steps.first(manifest),
        steps.scale(manifest, WEB_SERVERS),
        steps.TAG,
        *steps.FEWER_CPUS,
        steps.DELETE,
        steps.LOOK,
    )


def _remove(scene: Scene, show: Show, mark: str) -> None:
    """Remove what the demo made, if it came so far, and say if that fails. Raises Unseen, ShellError."""
    play = Play(scene, show, limit_seconds=REMOVE_SECONDS)
    interrupts.listen()  # this may take a while: who cannot wait may leave
    path = "jsonpath={.metadata.annotations.onecloud\\.io/demo}"
    try:
        if (
            scene.shell.ask("kubectl", "get", "namespace", NAMESPACE, "--ignore-not-found", "-o", path)
            != mark
        ):
            return  # there is none, or somebody else has made it meanwhile
        show.title("Removing what the demo made")
        play.run(f"kubectl -n {NAMESPACE} delete ocs --all --timeout={REMOVE_SECONDS}s")
        play.run(f"kubectl delete namespace {NAMESPACE} --wait=false")
    except (Unseen, ShellError, KeyboardInterrupt):
        show.text(
            f"The namespace {NAMESPACE} and what is in it may still be there, and so may their servers. "
            "Objects are let go when an operator runs that can reach the cloud, or with the annotation "
            "onecloud.io/force-detach=true, which leaves the servers alone."
        )
        raise
