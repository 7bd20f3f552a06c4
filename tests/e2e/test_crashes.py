"""
The operator is killed before and after each call of a pass, wherever that is, and started again.

First the scene is run without a crash, and the names of all crossings are noted. Then it is run once
for each of them, by a process that kills itself there.

What a killed process leaves behind is what it has written by then, and no more. So crashes between the same
two writes leave the same, and `make test` plays one of them, before each write that there is, whatever its
number; after the last of them comes one more start. `make soak` plays every crossing, those of reads too.
"""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import APPROVE_PLAN, RECONCILE_REQUESTED_AT, RESTART_REQUESTED_AT
from tests.e2e.crashing import READS_OF_A_PASS
from tests.e2e.fleet import POLLS, soak, writes
from tests.e2e.test_login import inside, keep, out_of
from tests.e2e.user import KIND, LONG, condition, settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.user import User

    Server = dict[str, Any]

NOWHERE = "-"
MODULE = "tests.e2e.crashing"
# An Event is a courtesy, and what is only read changes nothing.
IDLE = READS_OF_A_PASS | {"emit"}
# These may come when all is over already, or after a conflict only, which is a matter of moments.
BY_CHANCE = ("kubernetes emit", "kubernetes set_finalizers answered", "kubernetes read")
# What a crash may cost the cloud: the same POST, whose id can be used once only.
AGAIN = {"POST /servers": 1, "POST /eips": 1}
# And what can be said of a disk any number of times: its id, and what becomes of it with its server.
DISK_AGAIN = ("POST /disks", "PUT /disks/{id}")
# And the same password or key pair, until it was seen that it is inside; after an agent that does not answer
# the cloud is asked to look at the server.
LOGIN_AGAIN = tuple(f"POST /servers/{{id}}/{action}" for action in ("set-password", "deploy", "syncstatus"))


@dataclass(frozen=True)
class Scene:
    """
    What a user does, and how it must end.

    *before* makes what must stand first, *act* is what the crash falls into; *over* says that all is done,
    and *check* what must then be true of the cloud. Each is given the name of the scene's object, and *check*
    all servers that were not another's before, whatever they are called. *long*: only in `make soak`.
    *again*: what may be sent to the cloud once more. *told*: how many statuses more may tell of what only a
    person can decide.
    """

    before: Callable[[User, str], None]
    act: Callable[[User, str], None]
    over: Callable[[User, str], bool]
    check: Callable[[User, str, list[Server]], None]
    long: bool = False
    again: tuple[str, ...] = ()
    told: int = 0


def nothing(user: User, name: str) -> None:
    """Prepare nothing."""


def made(user: User, name: str) -> None:
    """Have a server that rests."""
    user.apply(name)
    user.wait_ready(name)


def is_settled(user: User, name: str) -> bool:
    found = user.kube.get(KIND, name, user.namespace)
    return found is not None and settled(found)


def is_gone(user: User, name: str) -> bool:
    return user.kube.get(KIND, name, user.namespace) is None


def of_others(user: User, name: str) -> dict[str, bool]:
    """Return the servers that are not the object's by their names, and whether each is in the recycle bin."""
    return {
        s["id"]: s["pending_deleted"]
        for s in user.cloud.servers()
        if not s["name"].endswith((f".{name}", f"old-{name}"))
    }


def check(user: User, scene: Scene, name: str, others: dict[str, bool]) -> None:
    """See that the scene ended as it must, and that no server of *others* was touched."""
    user.until(
        lambda: all(s["status"] != "sync_status" for s in user.cloud.servers()),
        f"{name}: no server is looked at",
    )
    servers = user.cloud.servers()
    assert {s["id"]: s["pending_deleted"] for s in servers if s["id"] in others} == others
    scene.check(user, name, [s for s in servers if s["id"] not in others])


def one_server(user: User, name: str, servers: list[Server]) -> None:
    """See that there is one, and that the object shows it."""
    (server,) = servers
    status = user.status(name)
    assert status["id"] == status["server"]["id"] == server["id"]
    assert server["metadata"]["user:onecloud.io/name"] == name
    assert (server["status"], server["pending_deleted"]) == ("running", False)


def at_attempt(number: int) -> Callable[[User, str, list[Server]], None]:
    """Return a look whether this attempt's server is the one that is there."""

    def look(user: User, name: str, servers: list[Server]) -> None:
        one_server(user, name, servers)
        assert user.status(name)["creation"]["attempt"] == number

    return look


def planned(user: User, name: str) -> None:
    """Have a creation that waits for a person."""
    user.apply(name, approval="Manual")
    user.wait_reason("PlanPending", name)


def approve(user: User, name: str) -> None:
    """Approve what waits."""
    user.annotate(APPROVE_PLAN, user.status(name)["plan"]["hash"], name)


def change(user: User, name: str) -> None:
    """Ask for all kinds of changes at once."""
    wanted = {"cpu": 4, "description": "changed", "tags": {"tier": "web"}}
    user.apply(name, wanted, disruption={"allow": "Restart"})


def without_hot_plug(user: User, name: str) -> None:
    """Have a server that nothing can be plugged into while it runs, and whose power nobody declares."""
    user.cloud.call("settings", hot_plug="disable")
    user.apply(name, {"powerState": "Unmanaged"})
    user.wait_ready(name)


def resize(user: User, name: str) -> None:
    """Ask for what it must be stopped for."""
    user.apply(name, {"powerState": "Unmanaged", "cpu": 4}, disruption={"allow": "Restart"})


def may_be_restarted(user: User, name: str) -> None:
    user.apply(name, disruption={"allow": "Restart"})
    user.wait_ready(name)


def ask_for_a_restart(user: User, name: str) -> None:
    user.annotate(RESTART_REQUESTED_AT, "now", name)


def is_restarted(user: User, name: str) -> bool:
    """Say whether it is known what came of the restart, or that nobody can know."""
    outcome = user.status(name).get("restartRequest", {}).get("outcome")
    return outcome in {"Done", "Unknown"} and is_settled_and_over(user, name)


def with_passwords(user: User, name: str) -> None:
    """Have a server with a guest agent, and the Secrets of two passwords."""
    for secret in ("login", "other"):
        keep(user, f"Sesam-0ffne-dich-{secret}", secret)
    user.apply(name, out_of("login"))
    user.wait_ready(name)


def another_password(user: User, name: str) -> None:
    user.apply(name, out_of("other"))


def has_the_other_password(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    assert inside(user, servers[0]["id"])["password"] == "Sesam-0ffne-dich-other"


def another_login(user: User, name: str) -> None:
    """Ask for another password and key pair, which no guest agent takes."""
    user.cloud.call("settings", guest_agent=False)
    user.apply(name, {**out_of("other"), "keypair": "ops"}, disruption={"allow": "Restart"})


def has_another_login(user: User, name: str, servers: list[Server]) -> None:
    has_the_other_password(user, name, servers)
    assert inside(user, servers[0]["id"])["keypair"]


def deleted(user: User, name: str) -> None:
    """Have a server in the recycle bin whose object is gone."""
    made(user, name)
    user.delete(name)
    user.wait_gone(name)


def undo(user: User, name: str) -> None:
    """Apply the manifest of the deleted object again, with the server's id."""
    identity = next(s["id"] for s in user.cloud.servers() if s["name"].endswith(f".{name}"))
    user.apply(name, {}, adoption={"policy": "Adopt", "id": identity, "restore": True})


def suspend(user: User, name: str) -> None:
    user.apply(name, {"powerState": "Suspended"})


def suspended(user: User, name: str, servers: list[Server]) -> None:
    (server,) = servers
    assert (server["status"], server["pending_deleted"]) == ("suspend", False)


def is_settled_and_over(user: User, name: str) -> bool:
    return is_settled(user, name) and "restart" not in user.status(name)


def resized(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    assert servers[0]["vcpu_count"] == 4


def rebuild(user: User, name: str) -> None:
    """Ask for another root disk, and for a size that can go along with it."""
    user.apply(name, {"cpu": 4, "image": "debian-12"}, disruption={"allow": "Rebuild"})


def rebuilt(user: User, name: str, servers: list[Server]) -> None:
    resized(user, name, servers)
    record, root = user.status(name)["image"], servers[0]["disks_info"][0]
    assert record == {"text": "debian-12", "id": root["image_id"]}


def changed(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    (server,) = servers
    assert (server["vcpu_count"], server["description"]) == (4, "changed")
    assert server["metadata"]["user:tier"] == "web"


def apply_in_vain(status: str) -> Callable[[User, str], None]:
    """Have the first creation fail in the cloud."""

    def act(user: User, name: str) -> None:
        user.cloud.call("fail_next", operation="create", status=status, text="no host fits")
        user.apply(name)

    return act


def apply(user: User, name: str) -> None:
    user.apply(name)


def apply_and_be_refused(user: User, name: str) -> None:
    """Have the first request for the server refused, and ask for another at once."""
    process = user.operator.process
    assert process is not None
    refusal = {"status": 400, "kind": "InputParameterError", "details": "not today"}
    user.cloud.call("fault", effect="answer", method="POST", path="^/servers$", **refusal)
    user.apply(name)
    user.until(lambda: user.posts() or process.exit_code is not None, "it is asked for")
    user.annotate(RECONCILE_REQUESTED_AT, "now", name)


def offered(user: User, name: str) -> None:
    """Have a server that nobody owns."""
    user.cloud.call("add_server", name=f"old-{name}")


def adopt(user: User, name: str) -> None:
    """Adopt a server that is to be compared by names, and to be in another security group."""
    user.apply_only(
        name,
        server={"networks": [{"network": "vnet0"}], "securityGroups": ["db"]},
        adoption={"policy": "Adopt", "name": f"old-{name}"},
    )


def adopted(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    (server,) = servers
    assert [group["name"] for group in server["secgroups"]] == ["db"]


def delete(user: User, name: str) -> None:
    user.delete(name)


def slow_steps(user: User, name: str) -> None:
    """Have creations take a while, so that one can be met in the middle."""
    user.cloud.call("step_seconds", seconds=0.1)


def apply_and_delete(user: User, name: str) -> None:
    """Make an object, and delete it when its server is asked for, or when nobody is left to ask."""
    process = user.operator.process
    assert process is not None
    user.apply(name)
    user.until(lambda: user.posts() or process.exit_code is not None, "it is asked for")
    user.delete(name)


def with_policy(policy: str) -> Callable[[User, str], None]:
    """Have a server whose object has this deletionPolicy."""

    def before(user: User, name: str) -> None:
        user.apply(name, deletionPolicy=policy)
        user.wait_ready(name)

    return before


def recycled(user: User, name: str, servers: list[Server]) -> None:
    (server,) = servers
    assert server["pending_deleted"]


def erased(user: User, name: str, servers: list[Server]) -> None:
    assert servers == []


def with_a_disk_that_stays(user: User, name: str) -> None:
    """Have a server with a disk that is to outlive it."""
    user.apply(name, {"dataDisks": [{"name": "data-1", "size": "10Gi", "reclaimPolicy": "Retain"}]})
    user.wait_ready(name)


def with_a_disk_that_stays_for_good(user: User, name: str) -> None:
    """Have such a server, which is to be deleted for good."""
    wanted = {"dataDisks": [{"name": "data-1", "size": "10Gi", "reclaimPolicy": "Retain"}]}
    user.apply(name, wanted, deletionPolicy="Delete")
    user.wait_ready(name)


def recycled_but_for_its_disk(user: User, name: str, servers: list[Server]) -> None:
    """See that the server's disk is neither in the bin nor on it."""
    recycled(user, name, servers)
    assert [disk["disk_type"] for disk in servers[0]["disks_info"]] == ["sys"]
    loose = [disk for disk in user.cloud.call("disks") if f".{name}-" in disk["name"]]
    assert [
        (disk["pending_deleted"], disk["guest_count"]) for disk in loose if disk["disk_type"] != "sys"
    ] == [(False, 0)]


def erased_but_for_its_disk(user: User, name: str, servers: list[Server]) -> None:
    erased(user, name, servers)
    assert [disk["pending_deleted"] for disk in user.cloud.call("disks") if f".{name}-" in disk["name"]] == [
        False
    ]


def recycle_by_another_hand(user: User, name: str) -> None:
    user.cloud.call("recycle", ident=f"{user.namespace}.{name}")


def is_rescued(user: User, name: str) -> bool:
    """Say whether the object tells that it took a disk out of the bin, and rests."""
    status = user.status(name)
    kept = [disk for disk in status.get("keptDisks") or () if "keptAt" in disk]
    return bool(kept) and condition(status, "Synced").get("reason") == "InRecycleBin"


def rescued(user: User, name: str, servers: list[Server]) -> None:
    """See that the disk that stays is out of the bin, and the server and its root disk are in it."""
    recycled(user, name, servers)
    found = [disk for disk in user.cloud.call("disks") if f".{name}-" in disk["name"]]
    assert {disk["disk_type"]: disk["pending_deleted"] for disk in found} == {"sys": True, "data": False}


DATA = {"name": "data", "size": "10Gi"}
NETWORKS = [{"network": "vnet-1"}, {"network": "vnet-backup"}]


def disks_of(user: User, name: str) -> list[dict[str, Any]]:
    """Return the data disks that carry the owner tags of the object."""
    found: list[dict[str, Any]] = user.cloud.call("disks")
    tags = [(disk, disk.get("metadata", {})) for disk in found]
    named = [(disk, each) for disk, each in tags if each.get("user:onecloud.io/name") == name]
    return [disk for disk, each in named if "user:onecloud.io/disk" in each]


def add_a_disk(user: User, name: str) -> None:
    user.apply(name, {"dataDisks": [DATA]})


def with_an_added_disk(user: User, name: str) -> None:
    """Have a server that got a data disk after it was made."""
    made(user, name)
    add_a_disk(user, name)
    user.wait_ready(name)


def take_the_disk_out(user: User, name: str) -> None:
    user.apply(name, {"dataDisks": []})


def has_its_disk(user: User, name: str, servers: list[Server]) -> None:
    """See that one disk was made, and that it is on the server, and goes with it."""
    one_server(user, name, servers)
    (disk,) = disks_of(user, name)
    assert ([guest["id"] for guest in disk["guests"]], disk["auto_delete"]) == ([servers[0]["id"]], True)
    assert [one["stage"] for one in user.status(name)["dataDisks"]] == ["Bound"]


def has_its_disk_in_the_bin(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    (disk,) = disks_of(user, name)
    assert (disk["pending_deleted"], disk["guest_count"]) == (True, 0)


def add_a_network(user: User, name: str) -> None:
    user.apply(name, {"networks": NETWORKS})


def with_two_networks(user: User, name: str) -> None:
    """Have a running server from which a card can be taken."""
    user.cloud.call("settings", hot_plug="enable")
    add_a_network(user, name)
    user.wait_ready(name)


def take_the_network_out(user: User, name: str) -> None:
    user.apply(name, {"networks": NETWORKS[:1]})


def is_settled_or_asked_again(user: User, name: str) -> bool:
    """Say whether it is settled; where it is not known whether a card was asked for, ask for it again."""
    if condition(user.status(name), "Synced").get("reason") == "OperationFailed":
        user.annotate(RECONCILE_REQUESTED_AT, "again", name)
    return is_settled(user, name)


def with_cards(number: int) -> Callable[[User, str, list[Server]], None]:
    """Return a look whether the server has so many network cards."""

    def look(user: User, name: str, servers: list[Server]) -> None:
        one_server(user, name, servers)
        assert len(servers[0]["nics"]) == len(user.status(name)["cards"]) == number

    return look


def on_a_vpc(user: User, name: str) -> None:
    """Have a server that an elastic IP can be bound to."""
    user.apply(name, {"networks": [{"network": "vpc-net"}]})
    user.wait_ready(name)


def give_an_eip(user: User, name: str) -> None:
    user.apply(name, {"networks": [{"network": "vpc-net"}], "eip": {"bandwidth": 10}})


def with_an_eip(user: User, name: str) -> None:
    """Have a server with an elastic IP of its own."""
    on_a_vpc(user, name)
    give_an_eip(user, name)
    user.wait_ready(name)


def eips_of(user: User, name: str) -> list[dict[str, Any]]:
    return [row for row in user.cloud.call("addresses") if f".{name}-eip-" in row["name"]]


def has_its_eip(user: User, name: str, servers: list[Server]) -> None:
    one_server(user, name, servers)
    (eip,) = eips_of(user, name)
    assert (eip["associate_id"], eip["id"]) == (servers[0]["id"], user.status(name)["eip"]["id"])


def recycled_without_eip(user: User, name: str, servers: list[Server]) -> None:
    recycled(user, name, servers)
    assert eips_of(user, name) == []


def undone(user: User, name: str, servers: list[Server]) -> None:
    """See that what was not made whole is gone, or in the recycle bin."""
    assert all(server["pending_deleted"] for server in servers)
    assert len(servers) <= 1


def retained(user: User, name: str, servers: list[Server]) -> None:
    (server,) = servers
    assert not server["pending_deleted"]
    assert server["status"] == "running"
    assert not [tag for tag in server["metadata"] if tag.startswith("user:onecloud.io/")]


SCENES = {
    "create": Scene(nothing, apply, is_settled, at_attempt(1)),
    "create-what-is-approved": Scene(planned, approve, is_settled, at_attempt(1), long=True),
    "create-after-a-disk-failed": Scene(nothing, apply_in_vain("disk_fail"), is_settled, at_attempt(2)),
    "create-after-a-deployment-failed": Scene(
        nothing, apply_in_vain("deploy_fail"), is_settled, at_attempt(2), long=True
    ),
    "create-after-security-groups-failed": Scene(
        nothing, apply_in_vain("security_group_fail"), is_settled, at_attempt(2), long=True
    ),
    "create-after-no-host-was-found": Scene(
        nothing, apply_in_vain("sched_fail"), is_settled, at_attempt(2), long=True
    ),
    "create-after-a-refusal": Scene(nothing, apply_and_be_refused, is_settled, at_attempt(1), long=True),
    "change": Scene(made, change, is_settled, changed),
    "stop-for-a-change": Scene(without_hot_plug, resize, is_settled_and_over, resized),
    "restart-that-is-asked-for": Scene(may_be_restarted, ask_for_a_restart, is_restarted, one_server),
    "another-password": Scene(
        with_passwords, another_password, is_settled, has_the_other_password, again=LOGIN_AGAIN
    ),
    "stop-for-another-login": Scene(
        with_passwords,
        another_login,
        is_settled_and_over,
        has_another_login,
        long=True,
        again=LOGIN_AGAIN,
    ),
    "undo-a-deletion": Scene(deleted, undo, is_settled, one_server),
    "suspend": Scene(made, suspend, is_settled, suspended),
    "rebuild": Scene(made, rebuild, is_settled_and_over, rebuilt),
    "add-a-disk": Scene(made, add_a_disk, is_settled, has_its_disk, again=DISK_AGAIN),
    "take-a-disk-out": Scene(
        with_an_added_disk, take_the_disk_out, is_settled, has_its_disk_in_the_bin, long=True
    ),
    "add-a-network": Scene(made, add_a_network, is_settled_or_asked_again, with_cards(2), told=2),
    "take-a-network-out": Scene(with_two_networks, take_the_network_out, is_settled, with_cards(1)),
    "give-an-elastic-ip": Scene(on_a_vpc, give_an_eip, is_settled, has_its_eip),
    "recycle-with-an-elastic-ip": Scene(with_an_eip, delete, is_gone, recycled_without_eip, long=True),
    "adopt": Scene(offered, adopt, is_settled, adopted),
    "recycle": Scene(made, delete, is_gone, recycled),
    "recycle-and-keep-a-disk": Scene(with_a_disk_that_stays, delete, is_gone, recycled_but_for_its_disk),
    "recycled-by-others-with-a-disk-that-stays": Scene(
        with_a_disk_that_stays, recycle_by_another_hand, is_rescued, rescued
    ),
    "delete-for-good-and-keep-a-disk": Scene(
        with_a_disk_that_stays_for_good, delete, is_gone, erased_but_for_its_disk, long=True
    ),
    "delete-for-good": Scene(with_policy("Delete"), delete, is_gone, erased),
    "delete-while-it-is-made": Scene(slow_steps, apply_and_delete, is_gone, undone),
    "retain": Scene(with_policy("Retain"), delete, is_gone, retained),
}
PLAYED = {title: scene for title, scene in SCENES.items() if soak() or not scene.long}


@dataclass(frozen=True)
class Performance:
    """What a scene came to. *crossed*: the crossings of the process that was to be killed, in their order."""

    crashed: bool
    crossed: list[str]
    cloud: Counter[str]
    kubernetes: Counter[str]


def perform(user: User, scene: Scene, name: str, point: str, directory: Path) -> Performance:
    """User *scene* with a crash at *point*."""
    record, after = directory / f"{name}.crossed", directory / f"{name}.after"
    others = of_others(user, name)
    user.cloud.call("reset_calls")
    user.operator.start(MODULE, point, str(record))
    process = user.operator.process
    assert process is not None
    scene.act(user, name)
    user.until(lambda: process.exit_code is not None or scene.over(user, name), f"{point}: an end", LONG * 2)
    crashed = process.exit_code is not None
    if crashed:
        assert process.exit_code == -signal.SIGKILL, f"{point}: {process.tail()}"
        assert crossings(record)[-1] == point
        user.operator.start(MODULE, NOWHERE, str(after))
        user.until(lambda: scene.over(user, name), f"{point}: an end after the crash", LONG * 2)
    user.operator.kill()
    check(user, scene, name, others)
    sent = [crossing for crossing in crossings(record) if crossing != point]
    written = kubernetes_writes([*sent, *crossings(after)])
    return Performance(crashed, crossings(record), writes(user.cloud.counts()), written)


def statuses_again(plain: Performance) -> int:
    """Return how many may be written more: those not heard of, those of steps too quick to show before."""
    return max(2, plain.kubernetes["write_status"] // 2)


def crossings(record: Path) -> list[str]:
    return record.read_text().splitlines() if record.exists() else []


def kubernetes_writes(crossed: list[str]) -> Counter[str]:
    """Count the writes that were sent: the answer to the last may come when all is over."""
    calls = Counter(kind_of(crossing).removeprefix("kubernetes ") for crossing in crossed)
    return Counter({call: calls[f"{call} unsent"] for call in ("write_status", "set_finalizers")})


def chosen(crossed: list[str]) -> list[str]:
    """Return the points to play: all, or those that leave something different behind."""
    if soak():
        return crossed
    return [point for point in crossed if is_write(point) and " unsent " in point]


@pytest.mark.filterwarnings("default:never reached:UserWarning")
@pytest.mark.parametrize("title", PLAYED)
def test_a_crash_at_any_call_of_a_pass_is_a_repeat(user: User, title: str, tmp_path: Path) -> None:
    """Nothing is made or deleted twice, nobody else's server is touched, and only a POST is sent again."""
    crash_everywhere(user, SCENES[title], tmp_path)


def crash_everywhere(user: User, scene: Scene, tmp_path: Path) -> None:
    """Play *scene* with a crash at each of its points, and see that nothing is done twice, or to others."""
    user.operator.knobs |= {"delete_again_seconds": 1, "post_settle_seconds": 2}
    made(user, "bystander")
    scene.before(user, "whole")
    user.operator.kill()
    plain = perform(user, scene, "whole", NOWHERE, tmp_path)
    points = {f"w{number}": point for number, point in enumerate(chosen(plain.crossed))}
    user.operator.start()
    for name in points:
        scene.before(user, name)
    user.operator.kill()
    reached: list[str] = []
    missed: list[str] = []
    for name, point in points.items():
        found = perform(user, scene, name, point, tmp_path)
        (reached if found.crashed else missed).append(point)
        assert found.cloud <= plain.cloud + Counter(AGAIN) + Counter(scene.again), (
            f"{point}: {found.cloud}, not {plain.cloud}"
        )
        most = plain.kubernetes + Counter(write_status=statuses_again(plain) + scene.told)
        assert found.kubernetes <= most, f"{point}: {found.kubernetes}, not {plain.kubernetes}"
    check_missed(reached, missed)
    check_quiet(user, tmp_path / "once-more")


def check_missed(reached: list[str], missed: list[str]) -> None:
    """See that what was not reached is a crossing whose number is a matter of timing, and name it."""
    met = {kind_of(point) for point in reached}
    needed = [p for p in missed if kind_of(p) not in met or is_cloud_write(p)]
    assert not [point for point in needed if not point.startswith(BY_CHANCE)]
    if missed:
        warnings.warn(f"never reached: {', '.join(missed)}", UserWarning, stacklevel=2)


def check_quiet(user: User, record: Path) -> None:
    """See that after one more start there is nothing left to write."""
    user.cloud.call("reset_calls")
    user.operator.start(MODULE, NOWHERE, str(record))
    user.until(lambda: user.cloud.counts().get("GET /servers", 0) >= POLLS, "it is at work again")
    assert not writes(user.cloud.counts())
    assert not kubernetes_writes(crossings(record)).total()


def kind_of(point: str) -> str:
    return point.rpartition(" ")[0]


def is_write(point: str) -> bool:
    return point.split(" ")[1] not in IDLE


def is_cloud_write(point: str) -> bool:
    return point.startswith("cloud ") and is_write(point)
