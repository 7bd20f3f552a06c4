"""The steps of who looks after many servers: a cloud that namespaces share, plans, and answers to why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sandbox.demo import sights
from sandbox.demo.scene import condition
from sandbox.demo.shell import ShellError
from sandbox.demo.sights import Found, Sight
from sandbox.demo.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.demo.scene import Scene

PROVIDER, OWN, ALLOWED, OTHER, NAME = "shared", "onecloud-system", "bank", "lab", "pay-1"
CHANGES: Final = 2  # the exit code of a plan that has some


def _of(scene: Scene, kind: str, name: str, *namespace: str) -> Mapping[str, Any]:
    """Return the status of an object of whatever namespace, empty while there is none."""
    try:
        found = scene.shell.ask("kubectl", *namespace, "get", kind, name, "--output", "json")
    except ShellError:
        return {}
    status: Mapping[str, Any] = json.loads(found).get("status") or {}
    return status


def _provider_ready() -> Sight:
    def look(scene: Scene) -> Found:
        said = {each["type"]: each for each in _of(scene, "onecloudprovider", PROVIDER).get("conditions", ())}
        words = ", ".join(f"{kind}={each['status']} {each['reason']}" for kind, each in said.items())
        valid = said.get("CredentialsValid", {}).get("status")
        return Found(valid == "True", words or "no status yet")

    return Sight(f"the provider {PROVIDER} has signed in", look)


def _says(namespace: str, reason: str) -> Sight:
    def look(scene: Scene) -> Found:
        synced = condition(_of(scene, "ocs", NAME, "-n", namespace), "Synced")
        return Found(synced.get("reason") == reason, f"Synced={synced.get('status')} {synced.get('reason')}")

    return Sight(f"{NAME} in {namespace} says {reason}", look)


def _only_one() -> Sight:
    def look(scene: Scene) -> Found:
        servers = scene.owned(NAME)
        return Found(len(servers) == 1, f"{len(servers)} servers of objects that are called {NAME}")

    return Sight(f"the cloud has the server of {ALLOWED}, and none of {OTHER}", look, cloud=True)


def steps(manifest: str, provider: Path, directory: Path) -> tuple[Step, ...]:
    """Return the steps; *manifest*: of a server, *provider*: of the provider, *directory*: for files."""
    edits = (
        f"-e 's/credentialsRef: .*/providerRef: {{name: {PROVIDER}}}/' "
        f"-e s/web-1/{NAME}/ -e s/cpu:.*/cpu:\\ 1/"
    )
    shared = (
        f'for n in {ALLOWED} {OTHER}; do sed {edits} -e "s/namespace: .*/namespace: $n/" {manifest}; '
        "echo ---; done | kubectl apply -f -"
    )
    planned = directory / "planned"
    changed = f"sed -e s/cpu:.*/cpu:\\ 2/ -e s/ubuntu-22.04/debian-12/ {manifest} > {planned}/web-1.yaml"
    return (
        Step(
            "Share the cloud with another namespace",
            f"A OneCloudProvider hands one project to the namespaces that it lists, {ALLOWED} and not "
            f"{OTHER}; the credentials stay with the operator, where neither can read them. Only an "
            "administrator of the cluster can make one.",
            commands=(
                f"for n in {OWN} {ALLOWED} {OTHER}; do kubectl create namespace $n; done",
                f"kubectl apply -f {provider}",
                shared,
            ),
            sights=(
                _provider_ready(),
                _says(ALLOWED, "UpToDate"),
                _says(OTHER, "NotAllowed"),
                _only_one(),
            ),
            afterwards=("kubectl get onecloudproviders",),
        ),
        Step(
            "Ask why a server is not ready",
            "The plugin of kubectl follows the chain from the credentials to the next try, in one screen.",
            commands=(f"kubectl onecloud why {NAME} -n {OTHER}",),
        ),
        Step(
            "See what an apply would do",
            f"Nothing is applied. A pipeline reads it in the exit code: {CHANGES} says that something would "
            "change.",
            commands=(
                f"mkdir {planned}; {changed}",
                f"kubectl onecloud plan -f {planned}; test $? = {CHANGES}",
            ),
            sights=(sights.settled("web-1"),),
        ),
    )
