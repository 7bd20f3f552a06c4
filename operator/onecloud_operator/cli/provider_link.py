"""The link of the chain that an object under a provider has in place of a Secret of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.identity import PROVIDER
from onecloud_operator.cli.failure import Refused
from onecloud_operator.cli.link import Link
from onecloud_operator.cli.statuses import condition, counted, name_of, part, text_at
from onecloud_operator.cli.times import ago

if TYPE_CHECKING:
    from datetime import datetime

    from onecloud_operator.cli.cluster import Cluster

# What the object itself says of its provider.
OF_PROVIDER: Final = frozenset({"ProviderNotFound", "NotAllowed"})
TELLING: Final = ("CredentialsValid", "Reachable", "Ready")  # in the order in which they say why
FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class Seen:
    """A provider as the user may see it: *body* None without one, or without the right to see it."""

    name: str
    body: Mapping[str, Any] | None
    hidden: bool = False


def provider_of(cluster: Cluster, found: Mapping[str, Any]) -> Seen | None:
    """Return the provider that the object names, None if it names none. Raises Refused."""
    name = text_at(found, "spec", "providerRef", "name")
    if not name:
        return None
    try:
        return Seen(name, cluster.find(PROVIDER, "", name))
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        return Seen(name, None, hidden=True)


def provider_link(found: Mapping[str, Any], seen: Seen, now: datetime) -> Link:
    """Return the link: what the object says of its provider, else what the provider says of itself."""
    said = condition(found, "Deleting") or condition(found, "Synced")
    if (reason := text_at(said, "reason")) in OF_PROVIDER:
        since = ago(said.get("lastTransitionTime"), now)
        return Link("provider", "fail", text_at(said, "message"), reason, since)
    if seen.hidden:
        return Link("provider", "unknown", f"{seen.name}, which you may not read")
    if seen.body is None:
        return Link("provider", "fail", f"There is no OneCloudProvider {seen.name}.", "ProviderNotFound")
    for kind in TELLING:
        told = condition(seen.body, kind)
        if told.get("status") == "False":
            since = ago(told.get("lastTransitionTime"), now)
            return Link("provider", "fail", text_at(told, "message"), text_at(told, "reason"), since)
    return Link("provider", "ok", f"{name_of(seen.body)}{_feed(seen.body, now)}")


def _feed(provider: Mapping[str, Any], now: datetime) -> str:
    feed, servers = part(provider, "status", "feed"), part(provider, "status", "servers")
    polled = ago(feed.get("lastPollTime"), now)
    words = [
        f"polled {polled}" if polled else "",
        counted(servers["total"], "server") if "total" in servers else "",
    ]
    return "".join(f", {word}" for word in words if word)
