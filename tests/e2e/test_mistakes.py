"""
Mistakes are told wherever somebody may look, in one and the same text, and what the text advises helps.

All are made at once, by the objects of one operator; and then all are corrected.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.cluster.control_plane import free_port
from sandbox.cluster.kube import KubeError
from tests.api.manifests import SPEC, manifest, merged
from tests.e2e.mistakes import MISTAKES
from tests.e2e.user import condition

if TYPE_CHECKING:
    from tests.e2e.mistakes import Mistake
    from tests.e2e.user import User

FULL = 16  # servers that a project may have


def stage(user: User) -> dict[str, str]:
    """Prepare the cloud; return what texts and manifests of the table leave open."""
    user.cloud.call("settings", hot_plug="disable", quota=FULL)
    for number in range(FULL):
        user.cloud.call("add_server", name=f"full-{number}", project="other")
    for name in ("pet", "double"):
        user.cloud.call("add_server", name=name)
    for _ in range(2):
        user.cloud.call("add_secgroup", name="twin")
    return {
        "namespace": user.namespace,
        "nobody": f"127.0.0.1:{free_port()}",
        "cloud": user.cloud.auth_url.split("/")[2],
        "double": user.cloud.call("add_server", name="double"),
        "tame": user.cloud.call("add_server", name="tame"),
    }


def filled(value: Any, known: dict[str, str]) -> Any:
    """Return a part of a manifest, or a text, with what was left open."""
    text = json.dumps(value)
    for name, each in known.items():
        text = text.replace(f"{{{name}}}", each)
    return json.loads(text)


def apply(user: User, name: str, changes: dict[str, Any], *, own_secret: bool) -> str:
    """Apply an object; return the words in which that was refused, if it was."""
    base = merged(SPEC, {"credentialsRef": {"name": name}}) if own_secret else SPEC
    try:
        user.kube.apply(manifest(user.namespace, merged(base, changes), name), force=True)
    except KubeError as refusal:
        return refusal.message
    return ""


def make(user: User, known: dict[str, str], name: str, mistake: Mistake) -> str:
    if mistake.secret is not None:
        changes = filled(mistake.secret, known)
        user.kube.apply(user.cloud.secret(user.namespace, name, **changes))
    if mistake.later:
        apply(user, name, {}, own_secret=False)
        user.wait_ready(name)
    return apply(user, name, filled(mistake.changes, known), own_secret=mistake.secret is not None)


def told(user: User, name: str, mistake: Mistake, says: str) -> bool:
    """Say whether a mistake is told by both conditions, an Event and a line of the log, in these words."""
    status, where = user.status(name), f" object={user.namespace}/{name} "
    synced, ready = condition(status, "Synced"), condition(status, "Ready")
    posted = [
        (each["type"], each["reason"], each["message"])
        for each in user.kube.list("events", user.namespace)
        if each["involvedObject"]["name"] == name
    ]
    lines = [line for line in user.operator.text().splitlines() if where in line]
    warning = f" WARNING onecloud_operator.servers: {says} object="
    logged = any(warning in line and f" reason={mistake.reason}" in line for line in lines)
    shown = [(each.get("reason"), each.get("message")) for each in (synced, ready)]
    conditions = shown[:1] if mistake.later else shown  # a server that runs stays Ready
    return (
        set(conditions) == {(mistake.reason, says)} and ("Warning", mistake.reason, says) in posted and logged
    )


def correct(user: User, known: dict[str, str]) -> None:
    """Do what the texts advise."""
    user.cloud.call("settings", quota=None)
    login = {"stringData": {"password": "Sesam-0ffne-dich"}, "metadata": {"name": "login"}}
    user.kube.apply(merged(user.cloud.secret(user.namespace, "login"), login), force=True)
    user.kube.apply(user.cloud.secret(user.namespace, "nowhere"))
    for name, mistake in MISTAKES.items():
        if mistake.secret is not None and mistake.reason != "QuotaExceeded":
            user.kube.delete("secrets", name, user.namespace)
            user.kube.apply(user.cloud.secret(user.namespace, name))
        if mistake.reason is not None:
            refused = apply(user, name, filled(mistake.cure, known), own_secret=mistake.secret is not None)
            assert not refused, name
        if mistake.reason == "QuotaExceeded":  # nothing reports that it was raised
            user.annotate("onecloud.io/reconcile-requested-at", "now", name)


def test_each_mistake_is_told_in_every_place_and_its_cure_works(user: User) -> None:
    known = stage(user)
    refused = {name: make(user, known, name, mistake) for name, mistake in MISTAKES.items()}
    for name, mistake in MISTAKES.items():
        says = filled(mistake.says, known)
        if mistake.reason is None:
            assert says in refused[name]
            continue
        assert refused[name] == ""
        user.until(partial(told, user, name, mistake, says), f"{name} says in every place: {says}")
    correct(user, known)
    for name, mistake in MISTAKES.items():
        if mistake.reason is not None:
            user.wait_ready(name)
