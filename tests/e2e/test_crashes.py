"""
The operator is killed before and after each call of a pass, wherever that is, and started again.

First the scene is played without a crash, and the names of all crossings are noted. Then it is played once
for each of them, by a process that kills itself there.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.play import KIND, LONG, settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.play import Play

NOWHERE = "-"
HARMLESS = ("kubernetes emit", "kubernetes secret", "kubernetes read")
AFTERWARDS = ("kubernetes emit unsent", "kubernetes emit answered", "kubernetes set_finalizers answered")


@dataclass(frozen=True)
class Scene:
    """
    What a user does, and how it must end.

    *before* makes what must stand first, *act* is what the crash falls into; *over* says that all is done,
    and *check* what must then be true of the cloud. Each is given the name of the scene's object.
    """

    before: Callable[[Play, str], None]
    act: Callable[[Play, str], None]
    over: Callable[[Play, str], bool]
    check: Callable[[Play, str], None]


def nothing(play: Play, name: str) -> None:
    """Prepare nothing."""


def made(play: Play, name: str) -> None:
    """Have a server that rests."""
    play.apply(name)
    play.wait_ready(name)


def is_settled(play: Play, name: str) -> bool:
    found = play.kube.get(KIND, name, play.namespace)
    return found is not None and settled(found)


def is_gone(play: Play, name: str) -> bool:
    return play.kube.get(KIND, name, play.namespace) is None


def servers_of(play: Play, name: str) -> list[dict[str, Any]]:
    """Return all servers made for the object, whatever became of their tags."""
    return [s for s in play.cloud.servers() if s["name"].endswith((f".{name}", f"old-{name}"))]


def one_server(play: Play, name: str) -> None:
    """See that there is one, and that the object shows it."""
    (server,) = servers_of(play, name)
    status = play.status(name)
    assert status["id"] == status["server"]["id"] == server["id"]
    assert server["metadata"]["user:onecloud.io/name"] == name


def fresh_server(play: Play, name: str) -> None:
    """See that the first attempt's server is the one that is there."""
    one_server(play, name)
    assert play.status(name)["creation"]["attempt"] == 1


def change(play: Play, name: str) -> None:
    """Ask for all kinds of changes at once."""
    wanted = {"cpu": 4, "description": "changed", "tags": {"tier": "web"}}
    play.apply(name, wanted, disruption={"allow": "Restart"})


def changed(play: Play, name: str) -> None:
    one_server(play, name)
    (server,) = servers_of(play, name)
    assert (server["vcpu_count"], server["description"], server["status"]) == (4, "changed", "running")
    assert server["metadata"]["user:tier"] == "web"


def apply_in_vain(play: Play, name: str) -> None:
    """Have the first creation fail in the cloud."""
    play.cloud.call("fail_next", operation="create", status="sched_fail", text="no host fits")
    play.apply(name)


def apply(play: Play, name: str) -> None:
    play.apply(name)


def offered(play: Play, name: str) -> None:
    """Have a server that nobody owns."""
    play.cloud.call("add_server", name=f"old-{name}")


def adopt(play: Play, name: str) -> None:
    play.apply(name, adoption={"policy": "Adopt", "name": f"old-{name}"})


def delete(play: Play, name: str) -> None:
    play.delete(name)


def with_policy(policy: str) -> Callable[[Play, str], None]:
    """Have a server whose object has this deletionPolicy."""

    def before(play: Play, name: str) -> None:
        play.apply(name, deletionPolicy=policy)
        play.wait_ready(name)

    return before


def recycled(play: Play, name: str) -> None:
    (server,) = servers_of(play, name)
    assert server["pending_deleted"]


def erased(play: Play, name: str) -> None:
    assert servers_of(play, name) == []


def retained(play: Play, name: str) -> None:
    (server,) = servers_of(play, name)
    assert not server["pending_deleted"]
    assert server["status"] == "running"
    assert "user:onecloud.io/uid" not in server["metadata"]


SCENES = {
    "create": Scene(nothing, apply, is_settled, fresh_server),
    "create-after-a-failure": Scene(nothing, apply_in_vain, is_settled, one_server),
    "change": Scene(made, change, is_settled, changed),
    "adopt": Scene(offered, adopt, is_settled, one_server),
    "recycle": Scene(made, delete, is_gone, recycled),
    "delete-for-good": Scene(with_policy("Delete"), delete, is_gone, erased),
    "retain": Scene(with_policy("Retain"), delete, is_gone, retained),
}


def perform(play: Play, scene: Scene, name: str, point: str, record: Path) -> tuple[bool, Counter[str]]:
    """Play *scene* with a crash at *point*; return whether it came to pass, and the calls to the cloud."""
    play.cloud.call("reset_calls")
    play.operator.start("tests.e2e.crashing", point, str(record))
    process = play.operator.process
    assert process is not None
    scene.act(play, name)
    play.until(lambda: process.exit_code is not None or scene.over(play, name), f"{point}: an end", LONG)
    crashed = process.exit_code is not None
    if crashed:
        play.operator.start()
        play.until(lambda: scene.over(play, name), f"{point}: an end after the crash", LONG)
    play.operator.kill()
    scene.check(play, name)
    return crashed, Counter(play.cloud.counts())


def crossings(play: Play, scene: Scene, record: Path) -> tuple[list[str], Counter[str]]:
    """Play *scene* without a crash; return the names of all crossings, and the calls to the cloud."""
    scene.before(play, "whole")
    play.operator.kill()
    _, calls = perform(play, scene, "whole", NOWHERE, record)
    points = list(dict.fromkeys(record.read_text().splitlines()))
    if "SOAK" not in os.environ:
        points = [p for p in points if p.endswith(" 1") and not p.startswith(HARMLESS)]
    return points, calls


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a_crash_at_any_call_of_a_pass_is_a_repeat(play: Play, scene: Scene, tmp_path: Path) -> None:
    """In `make test` at the first write of each kind, in `make soak` at every call."""
    play.operator.knobs |= {"delete_again_seconds": 1}
    points, plain = crossings(play, scene, tmp_path / "whole")
    play.operator.start()
    names = {point: f"w{number}" for number, point in enumerate(points)}
    for name in names.values():
        scene.before(play, name)
    play.operator.kill()
    expected = {kind_of(point) for point in points}
    for point, name in names.items():
        crashed, calls = perform(play, scene, name, point, tmp_path / "record")
        if crashed:
            expected.discard(kind_of(point))
        again = Counter({call: n for call, n in (calls - plain).items() if is_write(call)})
        assert again.total() <= 1, f"{point}: needless calls {again}"
    # These may come when all is over already, and the next scene begins.
    assert expected <= {*AFTERWARDS}


def kind_of(point: str) -> str:
    return point.rpartition(" ")[0]


def is_write(call: str) -> bool:
    return not call.startswith(("GET", "POST /v3"))
