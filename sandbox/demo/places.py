"""Where the demo plays: in a cluster and a cloud that are made for it, gone at the end."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from sandbox.cluster import tools
from sandbox.cluster.control_plane import OPERATOR, ControlPlane, free_port
from sandbox.cluster.scratch import scratch
from sandbox.demo import fleet, living, steps
from sandbox.demo.scene import NAMESPACE, Scene
from sandbox.demo.shell import Shell
from sandbox.stage import ROOT, Cloud, Operator, grant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.demo.choice import Choice
    from sandbox.demo.show import Show
    from sandbox.demo.steps import Step

EXAMPLES: Final = ROOT / "examples"
MINIMAL: Final = "examples/servers/minimal.yaml"
STEP_SECONDS: Final = 0.3  # of a host's work, as in the recordings
WEB_SERVERS: Final = 4
READER: Final = "onecloud-reader"  # as examples/servers/observe.yaml names it


@dataclass(frozen=True, slots=True)
class Place:
    """A scene that is set, and the steps that can be played on it. *kubeconfig* is the user's."""

    scene: Scene
    steps: tuple[Step, ...]
    kubeconfig: Path
    kubectl: Path


@contextmanager
def sandbox(choice: Choice, show: Show) -> Iterator[Place]:
    """Give a control plane, a simulated cloud, and an operator that is not yet started."""
    tools.binaries("etcd", "kube-apiserver")
    kubectl = tools.kubectl()
    show.facts(
        {
            "cluster": f"a Kubernetes {tools.KUBERNETES} API server of its own, on this machine",
            "cloud": "a simulated OneCloud, on this machine",
            "operator": "the one of this checkout",
        }
    )
    with ExitStack() as stack:
        directory = stack.enter_context(scratch())
        with show.busy("starting the API server", "5 to 10 seconds"):
            plane = stack.enter_context(ControlPlane())
            with plane.client() as kube:
                grant(kube, OPERATOR)
        with show.busy("starting the cloud", "1 second"):
            cloud = stack.enter_context(Cloud(step_seconds=STEP_SECONDS * choice.pace))
        cloud.call("settings", hot_plug="disable")
        if choice.no_room:
            cloud.call("fill_hosts")
        secret = directory / "secret.yaml"
        secret.write_text(_simulated(cloud))
        provider = directory / "provider.yaml"
        provider.write_text(_provider(cloud))
        port = free_port()
        knobs = {"listen_address": "127.0.0.1", "listen_port": port, **_eager(choice.pace)}
        knobs["provider_secret_namespaces"] = fleet.OWN
        operator = Operator(plane.kubeconfig_of(OPERATOR), waiting=True, **knobs)
        stack.enter_context(operator)
        shell = Shell(kubectl, plane.kubeconfig, directory, simulated=True)
        scene = Scene(shell, operator, f"http://127.0.0.1:{port}", cloud)
        stack.callback(scene.unwatch)
        yield Place(scene, _steps(secret, provider, cloud), plane.kubeconfig, kubectl)


def _simulated(cloud: Cloud) -> str:
    """Return examples/secret.yaml as it must be for *cloud*, and the same for a user who may only read."""
    example: dict[str, Any] = yaml.safe_load((EXAMPLES / "secret.yaml").read_text())
    owner = example | {"stringData": dict(cloud.secret_data)}
    reader = example | {"stringData": cloud.call("secret", user="viewer")}
    reader["metadata"] = example["metadata"] | {"name": READER}
    return yaml.safe_dump_all([owner, reader], sort_keys=False)


def _provider(cloud: Cloud) -> str:
    """Return examples/providers/shared.yaml with the Secret as it must be for *cloud*."""
    secret, provider = yaml.safe_load_all((EXAMPLES / "providers" / "shared.yaml").read_text())
    secret["stringData"] = dict(cloud.secret_data)
    return yaml.safe_dump_all([secret, provider], sort_keys=False)


def _eager(pace: float) -> dict[str, float]:
    """Return settings under which nobody waits for a poll; the rules are the same."""
    return {
        "poll_moving_seconds": 0.5 * pace,
        "poll_idle_seconds": 1.0 * pace,
        "events_seconds": 3.0 * pace,
        "confirm_seconds": 0.5 * pace,
    }


def _steps(secret: Path, provider: Path, cloud: Cloud) -> tuple[Step, ...]:
    made_by_examples = 3  # db-1, archive and runner-1; legacy-mail is only shown
    made_by_provider = 1
    return (
        steps.INSTALL,
        steps.start(
            "the rights that sandbox/rbac.yaml grants and no others. Here it asks the cloud for news every "
            "second, so that you need not wait; usually every five"
        ),
        steps.credentials(
            f"kubectl create namespace {NAMESPACE}",
            f"kubectl apply -f {secret}",
            why="The operator takes them from a Secret that an object names. This one is "
            f"examples/secret.yaml, with the address ({cloud.auth_url}) and the user of the simulated "
            f"cloud in the place of those there; {READER} is the same for a user who may only read.",
        ),
        steps.first(MINIMAL),
        steps.EXAMPLES,
        steps.scale(MINIMAL, WEB_SERVERS),
        steps.TAG,
        *steps.MORE_CPUS,
        living.GROW,
        living.BIND,
        living.MOVE,
        living.ROTATE,
        living.REBUILD,
        *living.undone(MINIMAL, secret.parent),
        *fleet.steps(MINIMAL, provider, secret.parent),
        steps.count(WEB_SERVERS + made_by_examples + made_by_provider),
    )
