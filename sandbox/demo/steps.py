"""The steps: what is done, by which command, why, and what must then be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sandbox.demo import sights
from sandbox.demo.scene import NAMESPACE, Scene
from sandbox.demo.sights import Sight

LEGACY: Final = "legacy-mail"
LEGACY_ID: Final = "fd86411b-4bca-47a2-84f9-82f0170dce4c"  # as examples/servers/observe.yaml names it


@dataclass(frozen=True, slots=True)
class Step:
    """
    One thing that a user does.

    *hands* are done first, by us, and told in words; *commands* are what a user types; *sights* must be seen
    before *afterwards*, commands that only show more.
    """

    title: str
    why: str
    sights: tuple[Sight, ...] = ()
    commands: tuple[str, ...] = ()
    hands: tuple[tuple[str, Callable[[Scene], None]], ...] = ()
    afterwards: tuple[str, ...] = ()


INSTALL: Final = Step(
    "Install the resource",
    "The cluster learns a new kind of object, OneCloudServer, in short ocs. The API server itself refuses a "
    "spec that cannot be right, with a message that names the field.",
    commands=("kubectl apply --server-side -k crds/",),
    sights=(sights.crd_served(),),
    afterwards=("kubectl explain ocs.spec.server.cpu",),
)


def start(rights: str) -> Step:
    """Return the step that starts the operator; *rights*: with whose."""

    def act(scene: Scene) -> None:
        scene.watch()
        scene.operator.start()

    return Step(
        "Start the operator",
        f"It runs on this machine, with {rights}.",
        hands=(("started by the demo: PYTHONPATH=operator python -m onecloud_operator run", act),),
        sights=(sights.operator_alive(),),
    )


def credentials(*commands: str, why: str) -> Step:
    """Return the step whose *commands* make the namespace and the Secret in it."""
    return Step(
        "Hand over credentials", why, commands=commands, sights=(sights.exists("secret", "onecloud"),)
    )


def first(manifest: str) -> Step:
    """Return the step that makes the first server."""
    return Step(
        "Make a server",
        "An object is a server: the operator asks the cloud for it, follows it until it runs, and writes "
        f"what it finds into the object's status. `kubectl -n {NAMESPACE} get ocs -w` shows it live:",
        commands=(f"kubectl apply -f {manifest}",),
        sights=(
            sights.settled("web-1", cpu=2, memory="4Gi"),
            sights.in_cloud("web-1", status="running", vcpu_count=2),
        ),
        afterwards=(
            f"kubectl -n {NAMESPACE} get ocs web-1",
            f"kubectl -n {NAMESPACE} events --for ocs/web-1",
        ),
    )


def make_legacy(scene: Scene) -> None:
    """Have somebody make a server by hand."""
    if scene.cloud is not None:
        scene.cloud.call("add_server", name=LEGACY, ident=LEGACY_ID)


EXAMPLES: Final = Step(
    "Apply the other examples",
    "A server with many fields, its password in a Secret; one that is switched off; one with user data from "
    "a Secret; and one that is only shown: somebody made it by hand, and the operator must not touch it.",
    hands=((f"somebody makes a server {LEGACY} in the cloud, by hand", make_legacy),),
    commands=(
        f"kubectl -n {NAMESPACE} create secret generic db-1-login --from-literal=password=Orders-2026.",
        "cd examples/servers; kubectl apply -f full.yaml -f stopped.yaml -f user-data.yaml -f observe.yaml",
    ),
    sights=(
        sights.settled("db-1"),
        sights.settled("archive", state="Stopped"),
        sights.settled("runner-1"),
        sights.settled(LEGACY),
        sights.in_cloud("db-1", status="running", vcpu_count=4),
        sights.in_cloud("archive", status="ready"),
        sights.in_cloud("runner-1", status="running"),
        sights.untouched(LEGACY),
    ),
)


def scale(manifest: str, last: int) -> Step:
    """Return the step that makes web-2 to web-*last*, as copies."""
    names = [f"web-{number}" for number in range(2, last + 1)]
    numbers = " ".join(str(number) for number in range(2, last + 1))
    return Step(
        f"Scale to {last} web servers",
        "Objects may come all at once. Each makes a server of its own, exactly one, whatever crashes or "
        "times out in between.",
        commands=(
            f'for n in {numbers}; do sed "s/web-1/web-$n/" {manifest}; echo ---; done | kubectl apply -f -',
        ),
        sights=(
            *(sights.settled(name) for name in names),
            *(sights.in_cloud(name, status="running") for name in names),
        ),
    )


def patch(name: str, spec: str) -> str:
    """Return the command that changes an object's spec."""
    return f"kubectl -n {NAMESPACE} patch ocs {name} --type merge -p '{{\"spec\": {spec}}}'"


TAG: Final = Step(
    "Change a tag",
    "Tags, name, description, security groups and the power state follow at once, while the server runs.",
    commands=(patch("web-1", '{"server": {"tags": {"team": "shop"}}}'),),
    sights=(sights.settled("web-1", tags={"team": "shop"}), sights.tagged("web-1", "team", "shop")),
)


def resize(title: str, why: str, *, cpu: int) -> tuple[Step, ...]:
    """Return the steps that ask for *cpu* CPUs, which needs a stop, and then allow it."""
    return (
        Step(
            title,
            f"{why} Nobody has allowed a restart, so it goes on as it is, and the object says what it needs.",
            commands=(patch("web-1", f'{{"server": {{"cpu": {cpu}}}}}'),),
            sights=(
                sights.says("web-1", "Synced", "RestartNeeded"),
                sights.in_cloud("web-1", status="running", vcpu_count=2),
            ),
        ),
        Step(
            "Allow the restart",
            "Now the operator stops the server, changes it and starts it again. It stays the same server: "
            "its id, disks and address are kept.",
            commands=(patch("web-1", '{"disruption": {"allow": "Restart"}}'),),
            sights=(
                sights.settled("web-1", cpu=cpu),
                sights.in_cloud("web-1", status="running", vcpu_count=cpu),
            ),
        ),
    )


MORE_CPUS: Final = resize(
    "Ask for more CPUs",
    "The hosts of this cloud have no hot-plug, so a running server cannot grow (where they have it, it does "
    "at once).",
    cpu=4,
)
FEWER_CPUS: Final = resize(
    "Ask for fewer CPUs", "From a running server none can be taken away, on any host.", cpu=1
)
DELETE: Final = Step(
    "Delete a server",
    "The object stays until the cloud has let go of the server. By default that goes to the cloud's "
    "recycle bin, from where it can be taken back; deletionPolicy Delete or Retain choose otherwise.",
    commands=(f"kubectl -n {NAMESPACE} delete ocs web-2",),
    sights=(sights.gone("web-2"), sights.recycled("web-2")),
)


LOOK: Final = Step(
    "Look at the result",
    "All that is left, as the cluster shows it.",
    commands=(f"kubectl -n {NAMESPACE} get ocs",),
)


def count(servers: int) -> Step:
    """Return the last step, where it can be counted that the cloud was asked for no server too many."""
    return replace(LOOK, sights=(sights.made_exactly(servers),))
