"""The steps that change a server that is there: its disks, networks, elastic IP, login and image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sandbox.demo import sights
from sandbox.demo.scene import NAMESPACE
from sandbox.demo.steps import DELETE, Step

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.demo.scene import Scene

FRONT, KEY, IMAGE = "front", "ops-2", "debian-12"
BOTH_NETWORKS: Final = "{networks: [{network: vnet-1}, {network: vpc-net}]}"


def _patch(name: str, server: str, **more: str) -> str:
    """Return the command that changes ``spec.server`` and *more* of the spec, in YAML, which is shorter."""
    fields = ", ".join(f"{field}: {value}" for field, value in {**more, "server": server}.items())
    return f"kubectl -n {NAMESPACE} patch ocs {name} --type merge -p 'spec: {{{fields}}}'"


def _reserve(scene: Scene) -> None:
    if scene.cloud is not None:
        scene.cloud.call("add_address", name=FRONT)


def _import_key(scene: Scene) -> None:
    if scene.cloud is not None:
        scene.cloud.call("add_keypair", name=KEY)


GROW: Final = Step(
    "Add a disk and a network",
    "Both come to the server as it runs. The name says which disk it is, wherever it hangs. Taken out of "
    "the list it goes into the recycle bin, or stays in the cloud with reclaimPolicy: Retain.",
    commands=(
        _patch("web-1", "{dataDisks: [{name: logs, size: 20Gi}]}"),
        _patch("web-1", BOTH_NETWORKS),
    ),
    sights=(
        sights.settled("web-1"),
        sights.has("web-1", dataDisks=1, networks=2),
        sights.in_cloud("web-1", status="running"),
    ),
)
BIND: Final = Step(
    "Give it an elastic IP",
    "It exists already, so it is bound and never deleted. With bandwidth in the place of a name the object "
    "gets one of its own, which goes with it.",
    hands=((f"somebody reserves the elastic IP {FRONT} in the cloud, by hand", _reserve),),
    commands=(_patch("web-1", f"{{eip: {{name: {FRONT}}}}}"),),
    sights=(sights.settled("web-1"), sights.address_of("web-1", FRONT)),
)
MOVE: Final = Step(
    "Move the elastic IP to another server",
    "One object gives it up, another asks for it, in any order. It is never taken from where it is bound.",
    commands=(
        _patch("web-3", BOTH_NETWORKS),
        _patch("web-3", f"{{eip: {{name: {FRONT}}}}}"),
        _patch("web-1", "{eip: {name: null, none: true}}"),
    ),
    sights=(sights.settled("web-1"), sights.settled("web-3"), sights.address_of("web-3", FRONT)),
)
ROTATE: Final = Step(
    "Rotate the key pair",
    "The cloud puts another key into a stopped server only, and restarts are allowed by now. A password "
    "follows its Secret as the server runs, where a guest agent answers.",
    hands=((f"somebody imports the key pair {KEY} into the cloud, by hand", _import_key),),
    commands=(_patch("web-1", f"{{keypair: {KEY}}}"),),
    sights=(sights.settled("web-1", keypair=KEY), sights.in_cloud("web-1", status="running")),
)
REBUILD: Final = Step(
    "Rebuild from another image",
    "An edit of the image, with leave to rebuild, replaces what is on the root disk. The server keeps its "
    "id, its addresses, its data disks and its key pair.",
    commands=(_patch("web-1", f"{{image: {IMAGE}}}", disruption="{allow: Rebuild}"),),
    sights=(
        sights.settled("web-1", image=IMAGE, keypair=KEY),
        sights.has("web-1", dataDisks=1, networks=2),
        sights.in_cloud("web-1", status="running"),
    ),
)


def undone(manifest: str, directory: Path) -> tuple[Step, Step]:
    """Return the steps that delete web-2 and take it back; its id is kept in *directory*."""
    kept = directory / "web-2.id"
    noted = f"kubectl -n {NAMESPACE} get ocs web-2 -o jsonpath='{{.status.id}}' > {kept}"
    edits = (
        "-e s/web-1/web-2/",
        '-e "s/^spec:/&\\n  adoption: {policy: Adopt, id: $ID, restore: true}/"',
        '-e "s/^  server:/&\\n    powerState: Running/"',
    )
    undo = Step(
        "Undo the deletion",
        "The same manifest with the server's id and restore: true takes it out of the recycle bin again, "
        "with what is on its disks.",
        commands=(f"ID=$(cat {kept}); sed {' '.join(edits)} {manifest} | kubectl apply -f -",),
        sights=(sights.settled("web-2"), sights.in_cloud("web-2", status="running", pending_deleted=False)),
    )
    return replace(DELETE, commands=(noted, *DELETE.commands)), undo
