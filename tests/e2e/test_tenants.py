"""One bad tenant beside good ones: theirs is done as fast as ever, and his when his cloud is well again."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.fleet import writes
from tests.e2e.impatient import CALL_SECONDS
from tests.e2e.user import KIND, LONG, condition, settled
from tests.e2e.warm import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.user import User

SECRETS, OBJECTS = 9, 8  # together more than there are workers
EDITS = 8
# A busy machine may make an edit slower, but no edit waits until a call that hangs is given up.
SLOWER, SLACK_SECONDS = 3.0, CALL_SECONDS - 1.0
HURT: dict[str, tuple[int, dict[str, Any]]] = {  # how many objects of each Secret meet it
    "hangs": (OBJECTS, {"effect": "hang"}),
    "hangs-after-the-sign-in": (OBJECTS, {"effect": "hang", "path": "^/(servers|events)"}),
    "is-dead": (1, {"effect": "reset"}),
}


@pytest.fixture
def bad_cloud() -> Iterator[Cloud]:
    """Give the cloud of the bad tenant."""
    with Cloud() as running:
        yield running


def edit_seconds(user: User, word: str) -> list[float]:
    """Edit the good object a few times; return how long each took until the cloud had it."""
    ident, found = user.status("good")["id"], []
    for number in range(EDITS):
        wanted = f"{word} {number}"
        began_at = time.monotonic()
        user.apply("good", {"description": wanted})
        user.until(lambda wanted=wanted: has(user, ident, wanted), "the edit is carried out")  # type: ignore[misc]
        found.append(time.monotonic() - began_at)
    return found


def has(user: User, ident: str, description: str) -> bool:
    server: dict[str, Any] = user.cloud.call("find", ident=ident)
    return server.get("description") == description


def test_an_endpoint_that_hangs_slows_no_other_however_many_secrets_lead_to_it(
    user: User, bad_cloud: Cloud
) -> None:
    """A hanging endpoint, one that hangs once everybody has signed in, and a dead one."""
    user.operator.stop()
    user.operator.start("tests.e2e.impatient")
    user.apply("good")
    user.wait_ready("good")
    before = edit_seconds(user, "before")
    for number in range(SECRETS):
        user.kube.apply(bad_cloud.secret(user.namespace, f"bad-{number}"))
    for title, (objects, hurt) in HURT.items():
        idents = bad_cloud.call("seed", count=SECRETS * objects, prefix=f"{title}-")
        bad_cloud.call("fault", count=None, **hurt)
        for number, ident in enumerate(idents):
            secret = {"name": f"bad-{number % SECRETS}"}
            user.apply(
                f"{title}-{number}", credentialsRef=secret, managementPolicy="Observe", adoption={"id": ident}
            )
        meanwhile = edit_seconds(user, title)
        most = statistics.median(before) * SLOWER + SLACK_SECONDS
        assert statistics.median(meanwhile) <= most, f"{title}: {meanwhile}, before {before}"
        assert max(meanwhile) <= max(before) * SLOWER + SLACK_SECONDS, (
            f"{title}: {meanwhile}, before {before}"
        )
        user.until(lambda: "EndpointUnreachable" in reasons(user), f"{title}: the bad tenant sees it")
        assert condition(user.status("good"), "Synced")["status"] == "True"
        bad_cloud.call("clear_faults")
        user.until(lambda: all_well(user), f"all are well after it {title}", LONG * 2)
    assert not writes(bad_cloud.counts())
    assert writes(user.cloud.counts()) == {"POST /servers": 1, "PUT /servers/{id}": EDITS * (1 + len(HURT))}


def reasons(user: User) -> set[str]:
    return {
        condition(found.get("status") or {}, "Synced").get("reason", "")
        for found in user.kube.list(KIND, user.namespace)
        if found["metadata"]["name"] != "good"
    }


def all_well(user: User) -> bool:
    return all(settled(found) for found in user.kube.list(KIND, user.namespace))
