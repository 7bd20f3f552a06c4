"""
Reads Secrets, one by one by name, so the operator needs neither ``list`` nor ``watch``.

Values are cached for a minute and no longer; only requested keys, and within size limits.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import SecretStr

from onecloud_operator.kube.calls import KubeError, KubeForbidden, KubeNotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

MAX_CACHED: Final = 4096  # entries; the oldest are evicted
MAX_CACHED_BYTES: Final = 16 * 2**20  # of values; a Secret has up to 1 MiB
MISSING_SECONDS: Final = 4.0  # for which a Secret that does not exist is not read again
PASSWORD_BYTES: Final = 2**10
USER_DATA_BYTES: Final = 64 * 2**10  # the platform takes no more
TOKEN_BYTES: Final = 16 * 2**10
CA_BYTES: Final = 256 * 2**10  # all CAs of an ordinary machine have 220 kB
TEXT_BYTES: Final = 4 * 2**10

# The keys of credentials, and their size limits.
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
# They grant access to this cluster, and must not be sent to a cloud because a spec names them.
CLUSTER_TYPES: Final = ("kubernetes.io/service-account-token", "bootstrap.kubernetes.io/", "helm.sh/")


VERSION_LENGTH: Final = 64  # a UID has 36, a resourceVersion some 20
_DIGEST_KEY: Final = os.urandom(32)


class Part(NamedTuple):
    """What is read of a Secret: *key*, of at most *max_bytes*; without a key, the keys of credentials."""

    namespace: str
    name: str
    key: str = ""
    max_bytes: int = 0

    @property
    def keys(self) -> Mapping[str, int]:
        """The keys, with their size limits."""
        return {self.key: self.max_bytes} if self.key else SIGN_IN_KEYS


class SecretUnusable(Exception):
    """A Secret that cannot be used; the message says which key is wrong, never its value."""


@dataclass(frozen=True, slots=True)
class Data:
    """
    Some values of a Secret. *flaws*: what is wrong with others, which matters only if one is requested.

    *refused*: why none of them may be used. *uid*, *version*: of the Secret, "" where it does not tell.
    """

    values: Mapping[str, SecretStr] = field(default_factory=dict)
    flaws: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None
    uid: str = ""
    version: str = ""

    def get(self, key: str) -> SecretStr | None:
        """Return a value, or None if there is none. Raises SecretUnusable if it may not be used."""
        if (why := self.refused or self.flaws.get(key)) is not None:
            raise SecretUnusable(why)
        return self.values.get(key)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return 256 + sum(len(key) + len(value) for key, value in self.values.items())


def data_of(secret: Mapping[str, object], keys: Mapping[str, int] = SIGN_IN_KEYS) -> Data:
    """Return the values of *keys*, which map to size limits, from a Secret of the API."""
    kind = secret.get("type")
    uid, version = _metadata(secret, "uid"), _metadata(secret, "resourceVersion")
    if isinstance(kind, str) and kind.startswith(CLUSTER_TYPES):
        why = f"its type is {kind[:64]}, which is for this cluster only"
        return Data(refused=why, uid=uid, version=version)
    given = secret.get("data")
    values: dict[str, SecretStr] = {}
    flaws: dict[str, str] = {}
    for key, max_bytes in keys.items():
        if not isinstance(given, dict) or key not in given:
            continue
        value = given[key]
        if (
            isinstance(value, str) and len(value) > (max_bytes + 3) // 3 * 4 + 4
        ):  # in Base64; and a line break
            flaws[key] = f"key {key} is longer than {max_bytes // 2**10} KiB"
            continue
        try:
            values[key] = SecretStr(base64.b64decode(value, validate=True).decode())
        except (TypeError, ValueError, binascii.Error):
            flaws[key] = f"key {key} is not UTF-8 text"
    return Data(values, flaws, uid=uid, version=version)


def _metadata(secret: Mapping[str, object], name: str) -> str:
    metadata = secret.get("metadata")
    value = metadata.get(name) if isinstance(metadata, dict) else None
    return value[:VERSION_LENGTH] if isinstance(value, str) else ""


@dataclass(slots=True)
class Secrets:
    """
    Secrets by namespace and name, each cached for *remember_seconds*.

    *read* reads one Secret from the API server, and its errors are passed on; *monotonic* returns the time.
    """

    read: Callable[[str, str], Awaitable[Mapping[str, object]]]
    monotonic: Callable[[], float]
    remember_seconds: float
    _cache: dict[Part, tuple[float, Data | KubeError]] = field(default_factory=dict)
    _bytes: int = 0

    async def data(self, namespace: str, name: str, *, newer_than: float | None = None) -> Data:
        """
        Return the keys of credentials; *newer_than*: read the Secret again if the cached entry is older.

        Raises what *read* raises. A missing or forbidden Secret is cached briefly, since thousands of objects
        may need it.
        """
        return await self._data(Part(namespace, name), newer_than)

    async def value(self, namespace: str, name: str, key: str, max_bytes: int) -> SecretStr | None:
        """
        Return one value that a spec refers to, of at most *max_bytes*; None if there is none.

        Raises SecretUnusable, and what *read* raises.
        """
        return (await self._data(Part(namespace, name, key, max_bytes), None)).get(key)

    async def part(self, part: Part) -> Data:
        """Return *part*, with the version of its Secret. Raises what *read* raises."""
        return await self._data(part, None)

    async def version(self, part: Part) -> tuple[str, str] | None:
        """
        Read *part* whatever is cached, and return UID and version of its Secret; None: it cannot be read.

        Raises KubeError if there is no answer.
        """
        try:
            data = await self._data(part, self.monotonic())
        except (KubeNotFound, KubeForbidden):
            return None
        return data.uid, data.version

    def digest(self, part: Part) -> bytes | None:
        """Return the digest of the cached *part*, or None if there is none."""
        cached = self._cache.get(part)
        return _digest(cached[1]) if cached is not None else None

    async def look_again(self, part: Part) -> bytes:
        """Read *part* whatever is cached, and return its digest. Raises KubeError if there is no answer."""
        try:
            return _digest(await self._data(part, self.monotonic()))
        except (KubeNotFound, KubeForbidden) as error:
            return _digest(error)

    def expire(self) -> None:
        """Evict expired entries, so that a deleted or rotated value does not stay in memory."""
        now = self.monotonic()
        for cached, (read_at, _) in list(self._cache.items()):
            if now - read_at < self.remember_seconds:
                return  # they are in the order in which they were read
            self._evict(cached)

    async def _data(self, part: Part, newer_than: float | None) -> Data:
        self.expire()
        now = self.monotonic()
        if (cached := self._cache.get(part)) is not None:
            read_at, found = cached
            lasting = self.remember_seconds if isinstance(found, Data) else MISSING_SECONDS
            if now - read_at < lasting and (newer_than is None or read_at >= newer_than):
                if isinstance(found, Data):
                    return found
                raise found.with_traceback(None)
            self._evict(part)
        try:
            data = data_of(await self.read(part.namespace, part.name), part.keys)
        except (KubeNotFound, KubeForbidden) as error:
            self._store(part, now, error)
            raise
        self._store(part, now, data)
        return data

    def _store(self, part: Part, read_at: float, found: Data | KubeError) -> None:
        self._evict(part)  # another call may have read it meanwhile
        self._cache[part] = (read_at, found)
        self._bytes += _size(found)
        while len(self._cache) > MAX_CACHED or self._bytes > MAX_CACHED_BYTES:
            self._evict(next(iter(self._cache)))

    def _evict(self, part: Part) -> None:
        if (cached := self._cache.pop(part, None)) is not None:
            self._bytes -= _size(cached[1])


def _size(found: Data | KubeError) -> int:
    return found.size if isinstance(found, Data) else 256


def _digest(found: Data | KubeError) -> bytes:
    """Return what is equal only for equal values and flaws, and tells nothing of them."""
    made = hashlib.blake2b(key=_DIGEST_KEY, digest_size=16)
    if isinstance(found, KubeError):
        parts = [type(found).__name__]
    else:
        values = {key: value.get_secret_value() for key, value in found.values.items()}
        texts = sorted({**values, **found.flaws}.items())
        parts = [str(found.refused), *(f"{key}\0{text}" for key, text in texts)]
    for text in parts:
        raw = text.encode("utf-8", "surrogatepass")
        made.update(len(raw).to_bytes(8, "big") + raw)
    return made.digest()
