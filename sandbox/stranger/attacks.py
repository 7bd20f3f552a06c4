"""What a hostile tenant puts into its namespace, by the name of the attack."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANNOTATION_BYTES: Final = 250_000  # the API server takes 256 KiB of them
SECRET_BYTES: Final = 768 * 1024  # it takes 1 MiB of a Secret
USER_DATA_BYTES: Final = 60 * 1024  # the cloud takes 64 KiB
NEIGHBOURS: Final = "neighbours"  # a provider that does not allow the tenant
GRIN: Final = "\N{GRINNING FACE}"
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attack:
    """
    *lie*: what the tenant's cloud does, at an endpoint for each object; None: it has none.

    *makes* gives the objects for a number and the endpoint; *few* and *many* are how many numbers there are
    in a test, and at length. *restarts*: it is the start of the operator that it makes dear.
    """

    makes: Callable[[int, str], list[Object]]
    lie: str | None
    few: int
    many: int
    restarts: bool = False


def secret(number: int, auth_url: str, **more: str) -> Object:
    """Return credentials for *auth_url*."""
    data = {
        "OS_AUTH_URL": auth_url,
        "OS_USERNAME": "u",
        "OS_PASSWORD": "pass-word-pass",
        "OS_PROJECT_NAME": "p",
    }
    name = {"name": f"secret-{number}"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": name, "stringData": data | more}


def server(number: int, spec: Mapping[str, Any], annotations: Mapping[str, str] | None = None) -> Object:
    """Return an object."""
    return {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudServer",
        "metadata": {"name": f"object-{number}", "annotations": dict(annotations or {})},
        "spec": {"credentialsRef": {"name": f"secret-{number}"}, **spec},
    }


def observing(number: int, auth_url: str) -> list[Object]:
    """Observe a server at an endpoint of its own."""
    return [secret(number, auth_url), server(number, _observe(number))]


def creating(number: int, auth_url: str) -> list[Object]:
    """Ask for a server with as much user data as there may be, in short lines."""
    wish = {
        "cpu": 1,
        "memory": "1Gi",
        "image": "i",
        "networks": [{"network": "n"}],
        "userDataFrom": {"secretKeyRef": {"name": f"secret-{number}", "key": "user-data"}},
    }
    return [secret(number, auth_url, **{"user-data": _lines()}), server(number, {"server": wish})]


def asking(number: int, auth_url: str) -> list[Object]:
    """Ask for a server whose creation waits for an approval, so that it is only checked, and again later."""
    made, wish = creating(number, auth_url)
    return [made, {**wish, "spec": {**wish["spec"], "approval": "Manual"}}]


def swollen_object(number: int, _auth_url: str) -> list[Object]:
    """Have as much in annotations as there may be, and one character that makes all of them wide."""
    return [server(number, _observe(number), {"example.com/junk": GRIN + "x" * ANNOTATION_BYTES})]


def swollen_secret(number: int, _auth_url: str) -> list[Object]:
    """Have as much beside the credentials as there may be; nobody listens where they lead."""
    more = {"junk": "x" * SECRET_BYTES}
    return [secret(number, "http://127.0.0.1:9/v3", **more), server(number, _observe(number))]


def astray(number: int, _auth_url: str) -> list[Object]:
    """Lead to where no credentials may."""
    places = ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "0.0.0.0", "[64:ff9b::a9fe:a9fe]")  # noqa: S104
    return observing(number, f"http://{places[number % len(places)]}/v3")


def uninvited(number: int, _auth_url: str) -> list[Object]:
    """Name the neighbours' provider, or one that is not there by as long a name as there may be."""
    provider = NEIGHBOURS if number % 2 else f"{number}-{'x' * 240}"
    made = server(number, _observe(number))
    made["spec"] = {**made["spec"], "providerRef": {"name": provider}}
    del made["spec"]["credentialsRef"]
    return [made]


ATTACKS: Final[Mapping[str, Attack]] = {
    "objects-of-250-kB-with-an-emoji": Attack(swollen_object, None, 40, 500, restarts=True),
    "secrets-of-768-KiB": Attack(swollen_secret, None, 30, 600),
    "credentials-that-lead-astray": Attack(astray, None, 10, 50),
    "endpoints-that-hang": Attack(observing, "hangs", 100, 1000),
    "endpoints-that-hang-after-the-sign-in": Attack(observing, "hangs-later", 40, 300),
    "clouds-of-their-own-for-each-object": Attack(observing, "is-empty", 40, 1000),
    "hosts-that-answer-503": Attack(observing, "is-sick", 40, 300),
    "refused-sign-ins-of-a-megabyte": Attack(observing, "fails-at-length", 40, 400),
    "lists-without-end": Attack(observing, "never-ends", 4, 20),
    "large-answers-that-stall": Attack(observing, "stalls", 20, 100),
    "ids-of-thousands-of-characters": Attack(observing, "has-long-ids", 2, 8),
    "rows-with-megabytes-of-tags": Attack(observing, "has-wide-rows", 10, 100),
    "times-outside-of-the-calendar": Attack(observing, "has-no-calendar", 4, 20),
    "tokens-of-two-seconds-for-ever-new-hosts": Attack(observing, "moves", 4, 20),
    "objects-that-name-a-provider-of-others": Attack(uninvited, None, 40, 1000),
    "refusals-of-long-user-data-all-at-once": Attack(creating, "refuses", 12, 60),
    "creations-that-wait-for-an-approval": Attack(asking, "refuses", 12, 60),
}


def _observe(number: int) -> dict[str, Any]:
    ident = str(UUID(int=number + 1, version=4))
    return {"managementPolicy": "Observe", "adoption": {"policy": "Adopt", "id": ident}}


@cache
def _lines() -> str:
    chosen = random.Random(1)  # noqa: S311 - no secret
    letters = string.ascii_letters + string.digits
    lines = ("".join(chosen.choices(letters, k=6)) for _ in range(USER_DATA_BYTES // 7 - 1))
    return "#!\n" + "\n".join(lines)
