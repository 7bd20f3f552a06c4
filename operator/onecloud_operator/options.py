"""Derives the options of the operator's parts from its settings."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from onecloud_operator.core.config import Config
from onecloud_operator.feed import FeedOptions
from onecloud_operator.onecloud import AddressPolicy, Allowed
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from onecloud_operator.settings import Settings

MAX_PORT: Final = 65535
WITH_PORT: Final = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:\[\]]+)):(?P<port>[0-9]{1,5})")


def address_policy(settings: Settings, api_server: str) -> AddressPolicy:
    """
    Return the addresses that credentials may lead to: as set, and never this cluster's own API.

    Raises SettingsError for an invalid network.
    """
    own = urlsplit(api_server).hostname or ""
    deny = [_network("DENIED_NETWORKS", text) for text in settings.denied_networks]
    try:
        address = ipaddress.ip_address(own)
    except ValueError:
        pass  # a name, whose addresses may change: `ClusterAddresses` resolves it
    else:
        if not address.is_loopback:
            deny.append(ipaddress.ip_network(address))
    for text in settings.service_networks:
        _network("SERVICE_NETWORKS", text)
    return AddressPolicy(
        allow_loopback=settings.allow_loopback,
        deny=tuple(deny),
        only=tuple(_allowed(text) for text in settings.allowed_endpoints),
    )


def _allowed(text: str) -> Allowed:
    if "://" in text:
        msg = f"{PREFIX}ALLOWED_ENDPOINTS: {text!r} is not a host or network: give the URL's host only"
        raise SettingsError(msg)
    found = WITH_PORT.fullmatch(text)
    target, port = (found["bracketed"] or found["plain"], int(found["port"])) if found else (text, None)
    if port is not None and not 0 < port <= MAX_PORT:
        msg = f"{PREFIX}ALLOWED_ENDPOINTS: {text!r} has no port from 1 to {MAX_PORT}"
        raise SettingsError(msg)
    target = target.removeprefix("[").removesuffix("]")
    if "/" in target or ":" in target or target.replace(".", "").isdigit():
        return Allowed(_network("ALLOWED_ENDPOINTS", target), port)
    return Allowed(target, port)


def _network(name: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        msg = f"{PREFIX}{name}: {text!r} is not a network"
        raise SettingsError(msg) from None


def feed_options(settings: Settings) -> FeedOptions:
    """Return the feed's options."""
    return FeedOptions(
        moving_poll_seconds=settings.poll_moving_seconds,
        idle_poll_seconds=settings.poll_idle_seconds,
        events_seconds=settings.events_seconds,
        sweep_seconds=settings.sweep_seconds,
        sweep_without_events_seconds=settings.sweep_seconds / 2.0,
        refresh_seconds=settings.details_seconds,
        confirm_seconds=settings.confirm_seconds,
        hung_seconds=settings.hung_seconds,
        retry_first_seconds=settings.retry_first_seconds,
        retry_max_seconds=settings.retry_max_seconds,
        refused_first_seconds=settings.refused_first_seconds,
        refused_max_seconds=settings.refused_max_seconds,
        loss_floor=settings.gone_floor,
        loss_share=settings.gone_percent / 100.0,
    )


def config_of(settings: Settings, cluster_id: str) -> Config:
    """Return what decisions depend on besides objects and servers."""
    return Config(
        cluster=cluster_id,
        name_prefix=settings.name_prefix,
        hung_seconds=settings.hung_seconds,
        post_settle_seconds=settings.post_settle_seconds,
        burnt_seconds=settings.burnt_seconds,
        delete_again_seconds=settings.delete_again_seconds,
        retry_create_first_seconds=settings.retry_create_first_seconds,
        retry_create_max_seconds=settings.retry_create_max_seconds,
        mass_deletion_floor=settings.mass_deletion_floor,
        mass_deletion_percent=settings.mass_deletion_percent,
        connection_secrets=settings.connection_secrets,
        expiring_days=settings.expiring_days,
        secret_seconds=settings.secret_seconds,
    )


def sees(settings: Settings, namespace: str) -> bool:
    """Return whether all objects of *namespace* are watched: with a selector, others exist."""
    return not settings.selector and (not settings.namespaces or namespace in settings.namespaces)
