"""
The only reader of Secrets: one by one, by name, so the operator needs neither ``list`` nor ``watch``.

What is read is remembered for a minute, and no longer; of a Secret only what is asked for, within bounds.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from onecloud_operator.kube.calls import KubeError, KubeForbidden, KubeNotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

REMEMBERED: Final = 4096  # readings at the most; the oldest are made again
REMEMBERED_BYTES: Final = 16 * 2**20  # of values, for the process; a Secret has up to 1 MiB
LACKING_SECONDS: Final = 4.0  # for which one that does not exist is not asked for again
PASSWORD_BYTES: Final = 2**10
USER_DATA_BYTES: Final = 64 * 2**10  # the platform takes no more
TOKEN_BYTES: Final = 16 * 2**10
CA_BYTES: Final = 256 * 2**10  # all authorities of an ordinary machine have 220 kB
TEXT_BYTES: Final = 4 * 2**10

# What credentials are made of, and how long it may be.
SIGN_IN_KEYS: Final[dict[str, int]] = {
    **dict.fromkeys(("OS_PASSWORD", "OS_SECRET_KEY"), PASSWORD_BYTES),
    **dict.fromkeys(("OS_TOKEN", "OS_CAS_TICKET"), TOKEN_BYTES),
    "ca.crt": CA_BYTES,
    **dict.fromkeys(
        (
            "OS_ACCESS_KEY",
            "OS_ALLOW_HTTP",
            "OS_AUTH_URL",
            "OS_CAS_SERVICE",
            "OS_DOMAIN_NAME",
            "OS_DOMAIN_SCOPE",
            "OS_ENDPOINT_TYPE",
            "OS_IDENTITY_PROVIDER_ID",
            "OS_INSECURE",
            "OS_PROJECT_DOMAIN",
            "OS_PROJECT_DOMAIN_ID",
            "OS_PROJECT_DOMAIN_NAME",
            "OS_PROJECT_ID",
            "OS_PROJECT_NAME",
            "OS_REGION_NAME",
            "OS_TENANT_ID",
            "OS_TENANT_NAME",
            "OS_USERNAME",
            "OS_USER_DOMAIN_ID",
            "OS_USER_DOMAIN_NAME",
            "OS_USER_ID",
        ),
        TEXT_BYTES,
    ),
}
# They hold rights in this cluster, which nobody may have sent to a cloud by naming them in a spec.
CLUSTER_TYPES: Final = ("kubernetes.io/service-account-token", "bootstrap.kubernetes.io/", "helm.sh/")


class SecretUnusable(Exception):
    """A Secret that cannot be used; the message says which key is wrong, never its value."""


@dataclass(frozen=True, slots=True)
class Data:
    """
    Some values of a Secret. *flaws*: what is wrong with others, which matters only to who asks for one.

    *refused*: why none of them may be used.
    """

    values: Mapping[str, SecretStr] = field(default_factory=dict)
    flaws: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None

    def get(self, key: str) -> SecretStr | None:
        """Return a value, or None if there is none. Raises SecretUnusable if it may not be used."""
        if (why := self.refused or self.flaws.get(key)) is not None:
            raise SecretUnusable(why)
        return self.values.get(key)

    @property
    def size(self) -> int:
        """Return about how many bytes are kept."""
        return 256 + sum(len(key) + len(value) for key, value in self.values.items())


def data_of(secret: Mapping[str, object], keys: Mapping[str, int] = SIGN_IN_KEYS) -> Data:
    """Return the values of *keys*, which may have so many bytes, of a Secret as the API server gives it."""
    kind = secret.get("type")
    if isinstance(kind, str) and kind.startswith(CLUSTER_TYPES):
        return Data(refused=f"its type is {kind[:64]}, which is for this cluster only")
    given = secret.get("data")
    values: dict[str, SecretStr] = {}
    flaws: dict[str, str] = {}
    for key, most in keys.items():
        if not isinstance(given, dict) or key not in given:
            continue
        value = given[key]
        if isinstance(value, str) and len(value) > (most + 3) // 3 * 4 + 4:  # in Base64; and a line break
            flaws[key] = f"key {key} is longer than {most // 2**10} KiB"
            continue
        try:
            values[key] = SecretStr(base64.b64decode(value, validate=True).decode())
        except (TypeError, ValueError, binascii.Error):
            flaws[key] = f"key {key} is no UTF-8 text"
    return Data(values, flaws)


@dataclass(slots=True)
class Secrets:
    """
    Secrets by namespace and name, each remembered for *remember_seconds*.

    *read* gets one Secret from the API server; *monotonic* tells the time. What it raises goes through.
    """

    read: Callable[[str, str], Awaitable[Mapping[str, object]]]
    monotonic: Callable[[], float]
    remember_seconds: float
    _kept: dict[tuple[str, str, str], tuple[float, Data | KubeError]] = field(default_factory=dict)
    _bytes: int = 0

    async def data(self, namespace: str, name: str, *, newer_than: float | None = None) -> Data:
        """
        Return what credentials are made of; *newer_than*: read it again if what is remembered is older.

        Raises what *read* raises. That there is none, or that it may not be read, is remembered for a moment:
        thousands of objects may ask for it.
        """
        return await self._data(namespace, name, "", SIGN_IN_KEYS, newer_than)

    async def value(self, namespace: str, name: str, key: str, most: int) -> SecretStr | None:
        """
        Return one value that a spec refers to, of *most* bytes; None if there is none.

        Raises SecretUnusable, and what *read* raises.
        """
        return (await self._data(namespace, name, key, {key: most}, None)).get(key)

    def expire(self) -> None:
        """Forget what is older than it may be, so that a value that was deleted or rotated is gone."""
        now = self.monotonic()
        for kept, (read_at, _) in list(self._kept.items()):
            if now - read_at < self.remember_seconds:
                return  # they stand in the order in which they were read
            self._forget(kept)

    async def _data(
        self, namespace: str, name: str, which: str, keys: Mapping[str, int], newer_than: float | None
    ) -> Data:
        self.expire()
        now, place = self.monotonic(), (namespace, name, which)
        if (kept := self._kept.get(place)) is not None:
            read_at, found = kept
            lasting = self.remember_seconds if isinstance(found, Data) else LACKING_SECONDS
            if now - read_at < lasting and (newer_than is None or read_at >= newer_than):
                if isinstance(found, Data):
                    return found
                raise found.with_traceback(None)
            self._forget(place)
        try:
            data = data_of(await self.read(namespace, name), keys)
        except (KubeNotFound, KubeForbidden) as error:
            self._keep(place, now, error)
            raise
        self._keep(place, now, data)
        return data

    def _keep(self, place: tuple[str, str, str], read_at: float, found: Data | KubeError) -> None:
        self._forget(place)  # another may have read it meanwhile
        self._kept[place] = (read_at, found)
        self._bytes += _size(found)
        while len(self._kept) > REMEMBERED or self._bytes > REMEMBERED_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, place: tuple[str, str, str]) -> None:
        if (kept := self._kept.pop(place, None)) is not None:
            self._bytes -= _size(kept[1])


def _size(found: Data | KubeError) -> int:
    return found.size if isinstance(found, Data) else 256
