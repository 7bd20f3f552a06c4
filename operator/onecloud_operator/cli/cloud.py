"""The cloud itself, asked with an object's Secret or the shell's own OS_ variables; nothing is changed."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from onecloud_operator.cli.cluster import Cluster, core_path
from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.statuses import namespace_of, text_at
from onecloud_operator.controller.credentials import credentials_of
from onecloud_operator.kube.secrets import SIGN_IN_KEYS, SecretUnusable, data_of
from onecloud_operator.onecloud import AddressPolicy, Cloud, Credentials, Endpoints
from onecloud_operator.onecloud.connection_errors import NeverAllowed
from onecloud_operator.onecloud.errors import OneCloudError, SignInError, Unauthorized
from onecloud_operator.settings import PREFIX
from onecloud_operator.translate import Doing, problem_of

if TYPE_CHECKING:
    from onecloud_operator.cli.cluster import Object
    from onecloud_operator.cli.provider_link import Seen

SECONDS: Final = 60.0
ALLOW_LOOPBACK: Final = f"{PREFIX}ALLOW_LOOPBACK"  # as the operator's own setting, for the sandbox only
OWN: Final = (
    "if it is right, source the project's shell file, whose variables may lead to this machine; "
    "import and orphans take them with --shell"
)
Answer = TypeVar("Answer")


def credentials_in(secret: Mapping[str, object], name: str) -> Credentials:
    """Return what a Secret holds. Raises Failure."""
    try:
        return credentials_of(data_of(secret))
    except SecretUnusable as error:
        raise Failure(f"Secret {name} cannot be used: {error}", "correct the Secret") from None


def read_credentials(cluster: Cluster, namespace: str, name: str) -> Credentials:
    """Return the credentials of a Secret, read with the user's own rights. Raises Failure."""
    secret: Object = cluster.call("GET", core_path(namespace, "secrets", name))
    return credentials_in(secret, name)


def secret_of(found: Mapping[str, Any], provider: Seen | None) -> tuple[str, str]:
    """Return namespace and name of the Secret that leads to an object's cloud. Raises Failure."""
    if provider is None:
        return namespace_of(found), text_at(found, "spec", "credentialsRef", "name")
    if provider.body is None:
        raise Failure(f"the provider {provider.name} cannot be read", "have your shell read OS_ variables")
    reference = ("spec", "secretRef")
    return text_at(provider.body, *reference, "namespace"), text_at(provider.body, *reference, "name")


def own_credentials() -> Credentials | None:
    """Return the credentials in the environment, as the platform's shell file puts them; None without any."""
    if "OS_AUTH_URL" not in os.environ:
        return None
    given = {key: os.environ[key] for key in SIGN_IN_KEYS if key in os.environ}
    if (file := os.environ.get("OS_CACERT")) is not None:
        try:
            given["ca.crt"] = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise Failure(f"OS_CACERT: cannot read {file}: {error}", "correct or unset OS_CACERT") from None
    data = {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}
    return credentials_in({"data": data}, "in the environment")


def ask(
    credentials: Credentials,
    question: Callable[[Cloud], Awaitable[Answer]],
    *,
    own: bool = False,
    seconds: float = SECONDS,
) -> Answer:
    """
    Put *question* to the cloud, and return its answer, which may take *seconds*. Raises Failure.

    Whoever wrote a Secret chose the address: only the shell's *own* credentials may lead to this machine,
    or those of Secrets once the shell says so.
    """
    return asyncio.run(_ask(credentials, question, own=own, seconds=seconds))


async def _ask(
    credentials: Credentials, question: Callable[[Cloud], Awaitable[Answer]], *, own: bool, seconds: float
) -> Answer:
    endpoints = Endpoints(AddressPolicy(allow_loopback=own or os.environ.get(ALLOW_LOOPBACK) == "true"))
    doing = Doing.SIGN_IN
    try:
        async with asyncio.timeout(seconds), Cloud(credentials, endpoints) as cloud:
            await cloud.session()
            doing = Doing.READ
            return await question(cloud)
    except NeverAllowed as error:
        raise Failure(f"the credentials lead to an address that no Secret may name: {error}", OWN) from error
    except OneCloudError as error:
        signing_in = isinstance(error, SignInError | Unauthorized)
        problem = problem_of(error, doing=Doing.SIGN_IN if signing_in else doing)
        raise Failure(problem.message, f"docs/reasons.md explains {problem.reason}") from error
    except TimeoutError:
        raise Failure(f"the cloud at {credentials.auth_url} takes longer than {seconds:.0f} s") from None
    finally:
        await endpoints.close()
