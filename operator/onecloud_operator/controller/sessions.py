"""From an object's Secret to a signed-in view of its project, shared by all objects that use the Secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.attribution import attributed
from onecloud_operator.controller.credentials import credentials_of, quoted, without_line_break
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.login_record import SecretUse
from onecloud_operator.core.passwords import WANTED, strong
from onecloud_operator.core.values import Place, Problem
from onecloud_operator.kube import calls
from onecloud_operator.kube.secrets import PASSWORD_BYTES, Part, SecretUnusable
from onecloud_operator.onecloud import Cloud, origin_of
from onecloud_operator.onecloud.errors import OneCloudError, SignInError, Unauthorized
from onecloud_operator.translate import Doing, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.secrets import Data, Secrets
    from onecloud_operator.onecloud import Endpoints

TIDY_SECONDS = 60.0  # Secrets may come and go by the hundred
EXPIRE_SECONDS = 15.0
TAKEN = "It is then taken within seconds."
REREAD_SECONDS = 5.0  # after a refusal the Secret is read again at once, but not for each of 1,000 objects


@dataclass(frozen=True, slots=True)
class Opened:
    """A cloud that signed in just now or earlier, and where it leads."""

    cloud: Cloud
    place: Place


@dataclass(frozen=True, slots=True)
class Password:
    """A password, and where it comes from."""

    value: SecretStr
    use: SecretUse


@dataclass(slots=True)
class _KeptSession:
    """*data*: of the last reading of the Secret, from which the rest comes."""

    data: Data
    fingerprint: str
    origin: str
    cloud: Cloud
    opened: Opened | None = None


class Sessions:
    """One Cloud for each Secret in use."""

    def __init__(self, secrets: Secrets, endpoints: Endpoints, monotonic: Callable[[], float]) -> None:
        self._secrets = secrets
        self._endpoints = endpoints
        self._monotonic = monotonic
        self._kept: dict[tuple[str, str], _KeptSession] = {}

    async def open(
        self, namespace: str, name: str, *, reread: bool = False, last_will_do: bool = False
    ) -> Opened | Problem:
        """
        Return the signed-in cloud of a Secret, or what is wrong with it. Raises KubeError.

        *reread*: the user asks for another look, so the Secret is read again. *last_will_do*: for a removal,
        whose Secret may be gone before its object, the last session that worked will do.
        """
        found = await self._open(namespace, name, newer_than=self._monotonic() if reread else None)
        if isinstance(found, Problem) and found.reason == Reason.CREDENTIALS_REJECTED:
            # The cloud refused: the Secret may have been rotated within the minute that it is remembered.
            found = await self._open(namespace, name, newer_than=self._monotonic() - REREAD_SECONDS)
        if (
            isinstance(found, Problem)
            and last_will_do
            and found.reason in {Reason.SECRET_NOT_FOUND, Reason.SECRET_INVALID}
        ):
            kept = self._kept.get((namespace, name))
            if kept is not None and kept.opened is not None:
                return kept.opened
        return found

    async def value(self, namespace: str, name: str, key: str, most: int) -> str | Problem:
        """
        Return one value of a Secret that a spec refers to, or what is wrong with it; *most*: bytes.

        Without the one line break that a file or an echo leaves behind; an empty one is none.
        """
        try:
            value = await self._secrets.value(namespace, name, key, most)
        except SecretUnusable as error:
            return _unusable(name, str(error))
        except (calls.KubeNotFound, calls.KubeForbidden) as error:
            return _unread(namespace, name, error)
        if value is None:
            return Problem(Reason.SECRET_NOT_FOUND, f"Secret {name} has no key {key}. Add it. {TAKEN}")
        text = without_line_break(value.get_secret_value())
        if not text:
            return _unusable(name, f"key {key} is empty")
        return text

    async def password(self, namespace: str, name: str, key: str) -> Password | Problem:
        """
        Return a password out of a Secret, and its version; or what is wrong with it.

        A weak one is a problem, too: the cloud would refuse it only after the server was stopped for it.
        """
        value = await self.value(namespace, name, key, PASSWORD_BYTES)
        if isinstance(value, Problem):
            return value
        if not strong(value):
            return _unusable(name, f"key {key} is no password that the cloud takes: {WANTED}")
        data = await self._secrets.part(Part(namespace, name, key, PASSWORD_BYTES))
        return Password(SecretStr(value), SecretUse(name, key, data.uid, data.version))

    def endpoint_of(self, secret: tuple[str, str]) -> str | None:
        """Return scheme, host and port of the sign-in URL that a Secret leads to, as far as it was read."""
        kept = self._kept.get(secret)
        return kept.origin if kept is not None else None

    async def learn(self, secret: tuple[str, str]) -> bool:
        """Read a Secret, and nothing more; return whether its endpoint is known. Raises KubeError."""
        return not isinstance(await self._keep(*secret, newer_than=None), Problem)

    async def tidy(self, used: Callable[[tuple[str, str]], bool], clock: Clock) -> None:
        """For ever let go of the sessions of Secrets that no object names any more, and of old readings."""
        while True:
            for _ in range(round(TIDY_SECONDS / EXPIRE_SECONDS)):
                await clock.sleep(EXPIRE_SECONDS)
                self._secrets.expire()
            for secret in [one for one in self._kept if not used(one)]:
                await self._kept.pop(secret).cloud.close()

    async def close(self) -> None:
        """Let go of every session."""
        for kept in self._kept.values():
            await kept.cloud.close()
        self._kept.clear()

    async def _open(self, namespace: str, name: str, *, newer_than: float | None) -> Opened | Problem:
        kept = await self._keep(namespace, name, newer_than=newer_than)
        if isinstance(kept, Problem):
            return kept
        try:
            session = await kept.cloud.session()
        except OneCloudError as error:
            problem = attributed(problem_of(error, doing=Doing.SIGN_IN), name)
            if not isinstance(error, SignInError | Unauthorized):
                return problem
            return replace(problem, message=f"{problem.message}{_quotes(kept.data)}")
        place = Place(session.auth_url, session.region, session.project_id)
        if kept.opened is None or kept.opened.place != place:
            kept.opened = Opened(kept.cloud, place)
        return kept.opened

    async def _keep(self, namespace: str, name: str, *, newer_than: float | None) -> _KeptSession | Problem:
        """Return what the Secret leads to, before anything is asked of it."""
        data = await self._data(namespace, name, newer_than=newer_than)
        if isinstance(data, Problem):
            return data
        kept = self._kept.get((namespace, name))
        if kept is not None and kept.data is data:
            return kept
        try:
            credentials = credentials_of(data)
        except SecretUnusable as error:
            return _unusable(name, str(error))
        if kept is None or kept.fingerprint != credentials.fingerprint:
            if kept is not None:
                await kept.cloud.close()
            cloud = Cloud(credentials, self._endpoints)
            kept = _KeptSession(data, credentials.fingerprint, origin_of(credentials.auth_url), cloud)
            self._kept[namespace, name] = kept
        kept.data = data
        return kept

    async def _data(self, namespace: str, name: str, *, newer_than: float | None) -> Data | Problem:
        try:
            return await self._secrets.data(namespace, name, newer_than=newer_than)
        except (calls.KubeNotFound, calls.KubeForbidden) as error:
            return _unread(namespace, name, error)


def _unusable(name: str, why: str) -> Problem:
    return Problem(Reason.SECRET_INVALID, f"Secret {name} cannot be used: {why}. Correct the Secret. {TAKEN}")


def _unread(namespace: str, name: str, error: calls.KubeNotFound | calls.KubeForbidden) -> Problem:
    if isinstance(error, calls.KubeNotFound):
        return Problem(
            Reason.SECRET_NOT_FOUND, f"There is no Secret {name} in namespace {namespace}. Make it. {TAKEN}"
        )
    return Problem(
        Reason.SECRET_NOT_FOUND,
        f"The operator has no right to read Secret {name} in namespace {namespace} (get on secrets). "
        f"Grant it. {TAKEN}",
    )


def _quotes(data: Data) -> str:
    """Return what to say of secrets in quotes, which count as part of them."""
    keys = ", ".join(quoted(data))
    return f" The value of {keys} is in quotes, which are taken for part of it." if keys else ""
