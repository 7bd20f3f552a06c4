"""A whole project, as commands read it: the sign-in, all servers, and the objects that may have them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

import typer

from onecloud_operator.cli import offers
from onecloud_operator.cli.failure import Failure, Refused
from onecloud_operator.cli.statuses import part, text_at
from onecloud_operator.cli.terminal import remark

if TYPE_CHECKING:
    from onecloud_operator.cli.cluster import Cluster, Object
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.onecloud import Cloud, Credentials, ServerQuery

DETAILED_PAGE: Final = 100  # rows with details; each has several kB
WHOLE_SECONDS: Final = 600.0  # ten thousand servers are read in half a minute, by a cloud that is well
MOST_OBJECTS: Final = 100_000
FORBIDDEN: Final = 403
Answer = TypeVar("Answer")

Secret = Annotated[
    str,
    typer.Option(
        "--secret",
        metavar="NAME",
        help="Secret with the credentials, in the namespace.",
        autocompletion=offers.secrets,
    ),
]
Shell = Annotated[
    bool,
    typer.Option(
        "--shell",
        help="Sign in by the OS_ variables of this shell; the Secret is not read.",
        show_default=False,
    ),
]

ProviderName = Annotated[
    str,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="OneCloudProvider with the credentials, in place of a Secret of the namespace.",
        show_default=False,
        autocompletion=offers.providers,
    ),
]
ClusterID = Annotated[
    str,
    typer.Option(
        "--cluster-id",
        metavar="NAME",
        help="What this cluster is called in owner tags, where the operator's setting CLUSTER_ID says so; "
        "else it is the UID of kube-system.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who reads a project. *reference*: how specs name the credentials. *provider*: its spec, {} for none."""

    credentials: Credentials
    reference: Mapping[str, Any]
    provider: Mapping[str, Any] = field(default_factory=dict)


def sign_in(cluster: Cluster, secret: str, provider: str, *, shell: bool) -> SignIn:
    """Return the sign-in by a Secret, by that of a *provider*, or by the *shell*'s own. Raises Failure."""
    from onecloud_operator.api.identity import PROVIDER
    from onecloud_operator.cli.cloud import own_credentials, read_credentials

    where, reference, spec = (cluster.namespace, secret), {"credentialsRef": {"name": secret}}, {}
    if provider:
        spec = dict(part(cluster.read(PROVIDER, "", provider), "spec"))
        where = (text_at(spec, "secretRef", "namespace"), text_at(spec, "secretRef", "name"))
        reference = {"providerRef": {"name": provider}}
    credentials = own_credentials() if shell else read_credentials(cluster, *where)
    if credentials is None:
        raise Failure("there is no OS_AUTH_URL in this shell", "source the project's shell file first")
    return SignIn(credentials, reference, spec)


@dataclass(frozen=True, slots=True)
class Read(Generic[Answer]):
    """
    A project beside the objects of a cluster.

    *objects*: those that were there before the cloud was read, or were afterwards. *namespaces*: those whose
    objects are all among them; None: all.
    """

    answer: Answer
    objects: tuple[Object, ...]
    namespaces: frozenset[str] | None


def read_project(
    cluster: Cluster,
    access: SignIn,
    question: Callable[[Cloud, Read[None]], Awaitable[Answer]],
    *,
    shell: bool,
) -> Read[Answer]:
    """
    Put *question* to the cloud, and list the objects before and after. Raises Failure.

    Nothing is without an object then that has one: what was made while the cloud was read has its object by
    now, and what was deleted meanwhile may still be shown.
    """
    from onecloud_operator.cli.cloud import ask

    before, everywhere = _objects_seen(cluster)
    namespaces = None if everywhere else frozenset({cluster.namespace})
    first = Read(None, before, namespaces)
    answer = ask(access.credentials, lambda cloud: question(cloud, first), own=shell, seconds=WHOLE_SECONDS)
    after = _objects(cluster, None if everywhere else cluster.namespace)
    both = {text_at(each, "metadata", "uid"): each for each in (*before, *after)}
    return Read(answer, tuple(both.values()), namespaces)


def _objects_seen(cluster: Cluster) -> tuple[tuple[Object, ...], bool]:
    """Return the objects that the user may see, and whether these are those of all namespaces."""
    try:
        return _objects(cluster, None), True
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
    remark("objects of other namespaces cannot be seen, since you may not list them")
    return _objects(cluster, cluster.namespace), False


def _objects(cluster: Cluster, namespace: str | None) -> tuple[Object, ...]:
    from onecloud_operator.api.identity import SERVER

    return tuple(cluster.objects(SERVER, namespace, MOST_OBJECTS))


async def servers_of(cloud: Cloud, query: ServerQuery) -> list[Observed]:
    """Return the servers of the project, with their details; one without a usable id is left out."""
    from dataclasses import replace

    from onecloud_operator.translate import Untranslatable, observed_from_details

    found: list[Observed] = []
    project_id = (await cloud.session()).project_id
    async for page in cloud.list_all(replace(query, details=True, limit=DETAILED_PAGE)):
        for row in page.rows:
            try:
                server = observed_from_details(row)
            except Untranslatable:
                continue
            if server.project_id in {"", project_id}:
                found.append(server)
    return found


def uid_of_kube_system(cluster: Cluster) -> str:
    """Return the UID by which the operator calls a cluster, "" if the user may not read it."""
    try:
        return text_at(cluster.call("GET", "/api/v1/namespaces/kube-system"), "metadata", "uid")
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
    return ""
