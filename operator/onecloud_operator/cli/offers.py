"""What a shell offers to complete a word with. Never fails, and never waits long: a shell cannot show why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from typer import Context

from onecloud_operator.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from onecloud_operator.cli.cluster import Cluster

MOST: Final = 500
SECONDS: Final = 2.0
# What a shell would not take for anything but a word, since zsh evaluates what it is offered.
HARMLESS: Final = re.compile(r"[A-Za-z0-9@][A-Za-z0-9._@-]{0,252}")


def servers(ctx: Context, incomplete: str) -> list[str]:
    """Offer names of OneCloudServers."""
    from onecloud_operator.api.identity import SERVER

    return _offered(ctx, incomplete, lambda cluster: cluster.names(SERVER, cluster.namespace, MOST))


def providers(ctx: Context, incomplete: str) -> list[str]:
    """Offer names of OneCloudProviders."""
    from onecloud_operator.api.identity import PROVIDER

    return _offered(ctx, incomplete, lambda cluster: cluster.names(PROVIDER, None, MOST))


def secrets(ctx: Context, incomplete: str) -> list[str]:
    """Offer names of Secrets, of which nothing else is asked for."""
    return _offered(ctx, incomplete, lambda cluster: cluster.secrets(MOST))


def namespaces(ctx: Context, incomplete: str) -> list[str]:
    """Offer names of namespaces."""
    return _offered(ctx, incomplete, lambda cluster: cluster.namespaces(MOST))


def contexts(ctx: Context, incomplete: str) -> list[str]:
    """Offer the kubeconfig's contexts."""
    from onecloud_operator.cli import kubeconfig

    try:
        return _matching(kubeconfig.contexts(_given(ctx)["kubeconfig"]), incomplete)
    except Failure:
        return []


def _offered(ctx: Context, incomplete: str, names: Callable[[Cluster], Iterable[str]]) -> list[str]:
    from onecloud_operator.cli.cluster import Cluster

    try:
        return _matching(names(Cluster.of(**_given(ctx), seconds=SECONDS)), incomplete)
    except Failure:
        return []


def _given(ctx: Context) -> dict[str, str]:
    names = ("namespace", "context", "kubeconfig")
    return {name: str(ctx.params.get(name) or "") for name in names}


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete) and HARMLESS.fullmatch(name)][:MOST]
