"""What is known of the objects when watch, lists and the answers to our own writes come in any order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.api.annotations import PAUSED
from onecloud_operator.api.crd import DEFINITION
from onecloud_operator.controller.server_object import SERVERS, resource_of
from onecloud_operator.core.records import attempt_id, unasked_for
from onecloud_operator.core.resource import FINALIZER, Resource
from onecloud_operator.kube.calls import KubeError
from onecloud_operator.kube.store import ECHO_SECONDS, Key, Store
from tests.api.manifests import SPEC, merged
from tests.engine.simulated import SimulatedClock

KEY = Key("shop", "web", "uid-1")
SECRET_WORD = "Sesam-0ffne-dich"


def body(version: int, *, uid: str = "uid-1", **more: Any) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "web", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata, **more}


@pytest.fixture
def objects(clock: SimulatedClock) -> Store[Resource]:
    return Store(SERVERS, clock.monotonic)


def version(objects: Store[Resource]) -> str:
    found = objects.get(KEY)
    assert found is not None
    return found.version


def test_a_late_echo_of_an_older_version_is_no_news(objects: Store[Resource], clock: SimulatedClock) -> None:
    objects.heard(body(1), listed=True)
    objects.answered(body(3), clock.monotonic())
    assert objects.heard(body(2), listed=False) is None
    assert objects.heard(body(3), listed=False) is None
    assert version(objects) == "3"


async def test_an_edit_that_the_watch_tells_before_our_own_write_is_answered_is_kept(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    """It is told only once: the answer to our write, which is older, must not take its place."""
    objects.heard(body(1), listed=True)
    asked_at = clock.monotonic()
    await clock.advance(0.01)
    assert objects.heard(body(3), listed=False) == KEY
    objects.answered(body(2), asked_at)
    assert version(objects) == "3"


async def test_what_the_watch_tells_of_a_write_before_its_answer_is_told_nobody(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    told: list[Key] = []
    objects.tell = told.append
    objects.heard(body(1), listed=True)
    asked_at = clock.monotonic()
    with objects.writing(KEY):
        await clock.advance(0.01)
        assert objects.heard(body(2), listed=False) is None
        objects.answered(body(2), asked_at)
    assert told == []
    assert objects.heard(body(3), listed=False) == KEY


@pytest.mark.parametrize("answers", [(), (2,)], ids=["unanswered", "answered"])
async def test_an_edit_that_is_heard_of_while_we_write_is_told_when_the_write_has_ended(
    objects: Store[Resource], clock: SimulatedClock, answers: tuple[int, ...]
) -> None:
    told: list[Key] = []
    objects.tell = told.append
    objects.heard(body(1), listed=True)
    asked_at = clock.monotonic()
    with objects.writing(KEY):
        await clock.advance(0.01)
        for heard in (2, 3):
            assert objects.heard(body(heard), listed=False) is None
        for answer in answers:
            objects.answered(body(answer), asked_at)
    assert told == [KEY]
    assert version(objects) == "3"


async def test_a_write_that_fails_keeps_nothing_back(objects: Store[Resource], clock: SimulatedClock) -> None:
    told: list[Key] = []
    objects.tell = told.append
    objects.heard(body(1), listed=True)

    def fail() -> None:
        with objects.writing(KEY):
            assert objects.heard(body(2), listed=False) is None
            raise KubeError("no answer came")

    with pytest.raises(KubeError):
        fail()
    assert told == [KEY]


def test_an_object_that_was_let_go_is_not_held_any_more_whatever_its_version(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    """The API server answers to the removal of the last finalizer with the version of before."""
    going = body(3)
    going["metadata"] |= {"deletionTimestamp": "2026-11-23T12:00:00Z", "finalizers": [FINALIZER]}
    objects.heard(going, listed=True)
    last = body(3)
    last["metadata"] |= {"deletionTimestamp": "2026-11-23T12:00:00Z"}
    objects.answered(last, clock.monotonic())
    found = objects.get(KEY)
    assert found is not None
    assert found.deleting
    assert not found.held
    assert objects.heard(going, listed=False) is None, "an echo of before"


def test_an_object_that_goes_while_it_is_written_is_told_nobody(objects: Store[Resource]) -> None:
    told: list[Key] = []
    objects.tell = told.append
    objects.heard(body(1), listed=True)
    with objects.writing(KEY):
        objects.heard(body(2), listed=False)
        objects.drop(KEY)
    assert told == []


async def test_versions_that_went_back_are_believed_when_they_come_out_of_a_list(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    """After a restore of the cluster's database they really are lower."""
    objects.heard(body(1), listed=True)
    objects.answered(body(900), clock.monotonic())
    assert objects.heard(body(5), listed=True) == KEY
    assert version(objects) == "5"


async def test_an_answer_that_was_asked_for_after_all_that_was_heard_is_believed(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    objects.heard(body(900), listed=False)
    await clock.advance(1.0)
    objects.answered(body(5), clock.monotonic())
    assert version(objects) == "5"


async def test_a_watch_that_is_a_minute_behind_is_believed_again(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    objects.heard(body(1), listed=True)
    objects.answered(body(900), clock.monotonic())
    await clock.advance(ECHO_SECONDS + 1.0)
    assert objects.heard(body(5), listed=False) == KEY


def test_a_namesake_is_another_object(objects: Store[Resource]) -> None:
    objects.heard(body(1), listed=True)
    other = objects.heard(body(2, uid="uid-2"), listed=False)
    assert other == Key("shop", "web", "uid-2")
    objects.drop(KEY)
    assert objects.get(KEY) is None
    assert objects.lives("uid-2", "shop")


def test_while_not_all_objects_are_known_any_owner_may_live(objects: Store[Resource]) -> None:
    assert objects.lives("never-heard-of", "shop")
    objects.complete = True
    assert not objects.lives("never-heard-of", "shop")


def test_a_spec_that_cannot_be_read_is_a_flaw_without_its_values(objects: Store[Resource]) -> None:
    spec = {"credentialsRef": {"name": "onecloud"}, "server": {"cpu": "Sesam-0ffne-dich"}}
    objects.heard(body(1, spec=spec), listed=True)
    found = objects.get(KEY)
    assert found is not None
    assert found.spec is None
    assert found.flaw is not None
    assert "server.cpu" in found.flaw
    assert "Sesam" not in found.flaw


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"creation": "x", "cloud": 7, "conditions": {"a": 1}},
        {"creation": {"attempt": "1"}, "conditions": [None, "x", {"type": "Synced", "reason": 7}]},
        {"managedTags": "x", "server": [], "deletion": []},
    ],
)
def test_a_status_that_somebody_edited_reads_as_no_record(objects: Store[Resource], status: Any) -> None:
    objects.heard(body(1, status=status), listed=True)
    found = objects.get(KEY)
    assert found is not None
    assert found.records.creation is None
    assert found.records.place is None


@pytest.mark.parametrize(
    ("answer", "wrote"),
    [
        pytest.param({"id": "s-1", "server": {"cpu": 2}}, None, id="as-it-was-written"),
        pytest.param({"id": "s-1", "server": {"cpu": 4}}, None, id="as-somebody-changed-it"),
        pytest.param({"id": "s-1"}, None, id="as-the-api-server-pruned-it"),
        pytest.param(
            {"id": "s-1", "server": {"cpu": 2, "gpu": False}},
            {"id": "s-1", "server": {"cpu": 2}},
            id="with-a-default-of-the-api-server",
        ),
    ],
)
def test_what_was_written_is_kept_beside_an_answer_that_has_more(
    objects: Store[Resource], answer: dict[str, Any], wrote: dict[str, Any] | None
) -> None:
    objects.heard(body(1), listed=True)
    objects.answered(body(2, status=answer), 0.0, status={"id": "s-1", "server": {"cpu": 2}})
    found = objects.get(KEY)
    assert found is not None
    assert found.status == answer
    assert objects.wrote(KEY, "2") == wrote
    assert objects.wrote(KEY, "1") is None


# -- what else is asked of them --------------------------------------------------------------------------
def naming(secret: str, version: int = 1) -> dict[str, Any]:
    return body(version, spec={"credentialsRef": {"name": secret}})


def test_a_secret_is_in_use_while_any_object_names_it(objects: Store[Resource]) -> None:
    other = naming("onecloud")
    other["metadata"] |= {"name": "db", "uid": "uid-2"}
    objects.heard(naming("onecloud"), listed=True)
    objects.heard(other, listed=True)
    objects.drop(KEY)
    assert objects.names(("shop", "onecloud"))
    objects.drop(Key("shop", "db", "uid-2"))
    assert not objects.names(("shop", "onecloud"))


def test_what_thousands_of_objects_have_alike_is_kept_once(objects: Store[Resource]) -> None:
    place = {"authURL": "https://cloud.example/v3", "region": "r1", "projectID": "p1"}
    for number in (1, 2):
        status = {"creation": {"id": f"id-{number}"}, "cloud": dict(place)}
        made = {"apiVersion": "onecloud.io/v1alpha1", "spec": SPEC, "status": status}
        metadata = {"namespace": f"shop-{number // 3}", "name": f"web-{number}", "uid": f"uid-{number}"}
        objects.heard({**made, "metadata": metadata}, listed=True)
    first, second = objects.keys()
    assert first.namespace is second.namespace
    assert objects.secret_of(first) is not None
    assert objects.secret_of(first) is objects.secret_of(second)
    assert objects.home_of(first) is not None
    assert objects.home_of(first) is objects.home_of(second)


def test_a_secret_that_an_object_no_longer_names_is_in_use_no_longer(objects: Store[Resource]) -> None:
    objects.heard(naming("old"), listed=True)
    objects.heard(naming("new", 2), listed=False)
    assert (objects.names(("shop", "old")), objects.names(("shop", "new"))) == (False, True)
    assert objects.secret_of(KEY) == ("shop", "new")


@pytest.mark.parametrize(
    "spec", [None, "x", {}, {"credentialsRef": None}, {"credentialsRef": []}, {"credentialsRef": {"name": 7}}]
)
def test_an_object_that_names_no_secret_has_none(objects: Store[Resource], spec: Any) -> None:
    objects.heard(body(1, spec=spec), listed=True)
    assert objects.secret_of(KEY) is None
    objects.drop(KEY)


PROVIDED: dict[str, Any] = {"providerRef": {"name": "lab"}}


def provided(version: int = 1, status: Any = None, **metadata: str) -> dict[str, Any]:
    made = body(version, spec=PROVIDED, status=status)
    made["metadata"] |= metadata
    return made


def test_it_is_known_which_objects_name_a_provider_and_how_many_have_a_server(
    objects: Store[Resource],
) -> None:
    made = {"creation": {"id": "s-2"}}
    objects.heard(provided(), listed=True)
    objects.heard(provided(status=made, name="db", uid="uid-2"), listed=True)
    objects.heard(provided(status={"adoptedAt": "t", "id": "s-3"}, namespace="b", uid="uid-3"), listed=True)
    known = objects.by_provider
    assert {key.uid for key in known.keys("lab")} == {KEY.uid, "uid-2", "uid-3"}
    assert (known.bound("lab"), known.bound("lab", "shop"), known.bound("lab", "b")) == (2, 1, 1)
    objects.heard(provided(2, status={"creation": {"id": "s-1"}}), listed=False)
    assert (known.bound("lab"), known.bound("lab", "shop")) == (3, 2)
    for key in known.keys("lab"):
        objects.drop(key)
    assert (known.bound("lab"), known.bound("lab", "shop"), list(known.keys("lab"))) == (0, 0, [])


@pytest.mark.parametrize("status", [None, 7, {}, {"creation": 7}, {"creation": {"id": 7}}, {"id": "s-1"}])
def test_a_status_without_a_record_is_no_server(objects: Store[Resource], status: Any) -> None:
    objects.heard(provided(status=status), listed=True)
    assert objects.by_provider.bound("lab") == 0


def test_an_object_that_names_a_secret_as_well_names_no_provider(objects: Store[Resource]) -> None:
    objects.heard(body(1, spec={**PROVIDED, "credentialsRef": {"name": "onecloud"}}), listed=True)
    assert objects.naming_of(KEY) is None
    objects.drop(KEY)
    assert objects.naming_of(KEY) is None


def test_nothing_is_known_of_an_object_that_was_never_heard_of(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    """Not even by the answer to a write of ours: it was deleted meanwhile."""
    objects.answered(body(3), clock.monotonic())
    objects.drop(KEY)
    assert objects.get(KEY) is None
    assert objects.secret_of(KEY) is None
    assert KEY not in objects
    assert len(objects) == 0


async def test_those_of_which_nothing_was_heard_since_a_moment_are_told_apart(
    objects: Store[Resource], clock: SimulatedClock
) -> None:
    objects.heard(body(1), listed=True)
    await clock.advance(5.0)
    began_at = clock.monotonic()
    objects.heard(body(1, uid="uid-2"), listed=True)
    assert list(objects.stale_before(began_at)) == [KEY]


def test_what_no_decision_reads_is_not_kept(objects: Store[Resource]) -> None:
    """Half of an object are its managed fields; and what was applied last may have user data in it."""
    full = body(1, spec=SPEC, status={"id": "s1"})
    full["metadata"] |= {
        "managedFields": [{"manager": "kubectl"}],
        "labels": {"team": "shop"},
        "generation": 3,
        "finalizers": [FINALIZER],
        "deletionTimestamp": "2026-11-23T12:00:00Z",
        "annotations": {
            PAUSED: "true",
            "kubectl.kubernetes.io/last-applied-configuration": SECRET_WORD,
        },
    }
    objects.heard(full, listed=True)
    found = objects.get(KEY)
    assert found is not None
    assert (found.generation, found.deleting, found.held, found.paused) == (3, True, True, True)
    assert found.annotations == {PAUSED: "true"}
    assert found.records.id == "s1"
    assert SECRET_WORD not in repr(objects.__dict__)
    assert "kubectl" not in repr(objects.__dict__)


EVERYTHING: dict[str, Any] = {f"f:{name}": {} for name in DEFINITION.status()["properties"]}
MANAGED = {"subresource": "status", "fieldsV1": {"f:status": {"f:server": {}}}}


@pytest.mark.parametrize(
    ("managers", "shared"),
    [
        pytest.param([MANAGED | {"manager": "onecloud-operator"}], False, id="ours-alone"),
        pytest.param([MANAGED | {"manager": "kubectl-edit"}], True, id="of-another"),
        pytest.param([MANAGED | {"manager": "kubectl", "subresource": ""}], False, id="before-we-wrote"),
        pytest.param(
            [MANAGED | {"manager": "x", "fieldsV1": {"f:status": {"f:ip": {}}}}], False, id="beside"
        ),
        pytest.param([MANAGED | {"manager": "x", "fieldsV1": {"f:status": EVERYTHING}}], True, id="of-all"),
        pytest.param(None, False, id="of-nobody"),
    ],
)
def test_it_is_known_whether_others_wrote_what_the_status_shows_of_the_server(
    objects: Store[Resource], managers: list[dict[str, Any]] | None, shared: bool
) -> None:
    """A restart must not recall it as what the cloud showed."""
    full = body(1, spec=SPEC, status={"server": {"id": "s1"}})
    full["metadata"]["managedFields"] = managers
    objects.heard(full, listed=True)
    found = objects.get(KEY)
    assert found is not None
    assert found.records.mirror_shared is shared
    objects.answered(body(2, spec=SPEC, status={"server": {"id": "s1"}}), 0.0)
    found = objects.get(KEY)
    assert found is not None
    assert not found.records.mirror_shared


UID = "6f3c1f0a-2b9e-4f57-9a53-0c6f8d9b1e11"
CREATION = {"attempt": 1, "id": attempt_id(UID, 1), "name": "shop.web", "startedAt": "t", "failedAt": "t"}
GONE = [{"type": "Synced", "reason": "ExternallyDeleted"}]


@pytest.mark.parametrize(
    ("status", "deleting", "lost"),
    [
        pytest.param({}, False, True, id="nothing-is-said"),
        pytest.param({"deletion": {"requestedAt": "t"}}, True, False, id="it-is-being-removed"),
        pytest.param({"deletion": {"requestedAt": "t"}}, False, True, id="though-nobody-deletes-it"),
        pytest.param({"creation": CREATION}, False, False, id="what-a-failed-attempt-left"),
        pytest.param({"conditions": GONE, "state": "Missing"}, False, False, id="it-is-told-already"),
        pytest.param({"conditions": GONE, "state": "Running"}, False, True, id="told-of-one-that-runs"),
    ],
)
def test_a_record_that_the_object_contradicts_makes_no_loss_an_intended_one(
    status: dict[str, Any], deleting: bool, lost: bool
) -> None:
    made = {"creation": CREATION | {"failedAt": None}, "server": {"id": CREATION["id"]}}
    full = body(1, uid=UID, spec=SPEC, status=made | status)
    full["metadata"] |= {"deletionTimestamp": "t"} if deleting else {}
    assert unasked_for(resource_of(full).records) is lost


def test_the_failure_of_an_attempt_that_is_none_of_the_objects_counts_for_nothing() -> None:
    forged = CREATION | {"id": "victim"}
    creation = resource_of(body(1, uid=UID, spec=SPEC, status={"creation": forged})).records.creation
    assert creation is not None
    assert creation.failure is None


def test_an_object_without_a_server_is_in_the_middle_of_no_restart() -> None:
    """Else one that it adopts would be started, whatever its power state is to be."""
    left = {"restart": {"since": "t", "why": "cpu"}}
    assert resource_of(body(1, uid=UID, spec=SPEC, status=left)).records.restart is None
    made = left | {"creation": CREATION | {"failedAt": None}}
    assert resource_of(body(1, uid=UID, spec=SPEC, status=made)).records.restart is not None


def test_a_removal_that_hangs_is_told_of_an_object_that_is_removed_only() -> None:
    """Left on another one it would hold back the removals of the whole project after a restart."""
    status = {"conditions": [{"type": "Deleting", "reason": "RecycleBinOff"}]}
    assert resource_of(body(1, spec=SPEC, status=status)).records.deleting_reason is None


WRONG: list[dict[str, Any]] = [
    {"credentialsRef": {"name": SECRET_WORD.upper() + "!"}},
    {"managementPolicy": SECRET_WORD},
    {"server": {"memory": SECRET_WORD}},
    {"server": {"userData": SECRET_WORD}},
    {"server": {"tags": {"team": ["x", SECRET_WORD]}}},
    {"server": {"passwordFrom": SECRET_WORD}},
    {"server": {"networks": [{"network": "a", "mac": SECRET_WORD}]}},
    {"server": [SECRET_WORD]},
    {"adoption": {"policy": "Adopt", "id": SECRET_WORD, "name": SECRET_WORD}},
]


@pytest.mark.parametrize("change", WRONG, ids=[str(*change) + str(n) for n, change in enumerate(WRONG)])
def test_a_flaw_names_the_field_and_never_its_value(change: dict[str, Any]) -> None:
    found = resource_of(body(1, spec=merged(SPEC, change)))
    assert found.spec is None
    assert found.flaw is not None
    assert found.flaw.startswith(f"The spec is not valid: spec.{next(iter(change))}")
    assert SECRET_WORD.lower() not in found.flaw.lower()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(SECRET_WORD),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "server", "credentialsRef", "adoption", "id", "cpu", "tags", "policy", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.one_of(JSON, JSON.map(lambda value: {**SPEC, "server": value, "drift": value})))
@settings(deadline=None)
def test_whatever_stands_in_a_spec_it_is_read_or_its_flaw_is(spec: Any) -> None:
    """An object may be older than a rule of its definition, and must not stop the others."""
    found = resource_of(body(1, spec=spec))
    assert (found.spec is None) is (found.flaw is not None)
    assert found.flaw is None or SECRET_WORD not in found.flaw
