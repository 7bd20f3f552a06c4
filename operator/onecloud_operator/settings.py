"""The operator's own settings, read from the environment."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Final

PREFIX: Final = "ONECLOUD_OPERATOR_"
NO: Final = False
SHORTEST_SECONDS: Final = 0.01  # a hundred calls a second; only tests come near it


class SettingsError(ValueError):
    """A setting is invalid; the message names the variable."""


def _setting(default: object, help_text: str, *, minimum: float = 0, maximum: float = math.inf) -> Any:  # noqa: ANN401 - a dataclass field of any type
    """Return a field; a number must be from *minimum* to *maximum*."""
    return field(default=default, metadata={"help": help_text, "minimum": minimum, "maximum": maximum})


def _seconds(default: float, help_text: str, *, minimum: float = SHORTEST_SECONDS) -> Any:  # noqa: ANN401
    """Return a field for a time; most must not be 0, or something would be polled without a pause."""
    return _setting(default, help_text, minimum=minimum)


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Each field is the environment variable ``ONECLOUD_OPERATOR_<FIELD>`` in capitals.

    Lists are separated by commas. Times are seconds.
    """

    namespaces: tuple[str, ...] = _setting((), "namespaces to watch; empty: all of the cluster")
    selector: str = _setting("", "label selector of the objects to manage; empty: all. Needs leader election")
    handover_seconds: float = _seconds(
        90.0, "with a selector: how long an object that another release managed is left alone", minimum=0
    )
    leader_election: bool = _setting(
        NO, "work only while holding a Lease; required for more than one replica"
    )
    lease_name: str = _setting("onecloud-operator", "name of the Lease; each release needs its own")
    lease_namespace: str = _setting("", "namespace of the Lease; empty: the Pod's own")
    lease_duration_seconds: int = _setting(
        15, "after this time without renewal another replica takes over the Lease", minimum=1
    )
    lease_renew_seconds: float = _seconds(5.0, "how often the Lease is renewed")
    lease_deadline_seconds: float = _seconds(10.0, "after this time without renewal the process ends itself")
    cluster_id: str = _setting("", "name of this cluster in the owner tags; empty: the UID of kube-system")
    name_prefix: str = _setting("", "prefix of the names of new servers, for clusters that share a project")
    provider_secret_namespaces: tuple[str, ...] = _setting(
        (),
        "namespaces, besides the operator's own, in which the Secrets of OneCloudProviders may be: whoever "
        "may make a provider uses the Secrets there",
    )
    provider_namespace_selectors: bool = _setting(
        NO,
        "let namespaces use a OneCloudProvider by their labels, too (allowedNamespaces.selector): whoever "
        "may label a namespace lets it in",
    )
    allow_loopback: bool = _setting(NO, "allow endpoints on this host itself; for the sandbox only")
    allowed_endpoints: tuple[str, ...] = _setting(
        (),
        "hosts and networks that may be endpoints, at any port or at one (cloud.example.com:30500, "
        "10.0.0.0/8:443, [fd00::/8]:443); empty: all",
    )
    denied_networks: tuple[str, ...] = _setting((), "networks that are never allowed as endpoints")
    allow_services: bool = _setting(
        NO,
        "allow Services of this cluster as endpoints; for a single one, name it among the allowed endpoints",
    )
    service_networks: tuple[str, ...] = _setting(
        (), "networks of this cluster's Services, if its ServiceCIDRs cannot be read"
    )
    workers: int = _setting(64, "objects reconciled at once", minimum=1)
    workers_per_endpoint: int = _setting(8, "of these, for one endpoint", minimum=1)
    log_format: str = _setting("text", "text or json")
    log_level: str = _setting("info", "debug, info, warning or error")
    audit_log: bool = _setting(
        NO, "write a line in JSON to stdout for each call that changes a cloud; see docs/audit.md"
    )
    listen_address: str = _setting("", "address of /healthz, /readyz and /metrics; empty: all, IPv4 and IPv6")
    listen_port: int = _setting(8080, "port of /healthz, /readyz and /metrics; 0: none", maximum=65535)
    resync_seconds: float = _seconds(
        1800.0, "every object is reconciled again after this time, even without an event", minimum=1
    )
    poll_moving_seconds: float = _seconds(
        2.0, "interval of the poll for changes while a server is in transition"
    )
    poll_idle_seconds: float = _seconds(5.0, "interval of the poll for changes otherwise")
    events_seconds: float = _seconds(15.0, "how often the cloud's events are read; 0: never", minimum=0)
    sweep_seconds: float = _seconds(
        600.0, "how often all servers are listed; twice as often where events are off", minimum=1
    )
    gone_floor: int = _setting(
        5, "this many servers of a project may vanish within ten minutes; see TooManyGone"
    )
    gone_percent: float = _setting(5.0, "or this percentage of them; 100: any number may vanish", maximum=100)
    mass_deletion_floor: int = _setting(
        20, "this many servers of a project may be deleted within ten minutes; see TooManyDeletions"
    )
    mass_deletion_percent: float = _setting(
        20.0, "or this percentage of them; 100: any number may be deleted", maximum=100
    )
    details_seconds: float = _seconds(
        3600.0, "time within which the details of every server are read again", minimum=1
    )
    confirm_seconds: float = _seconds(
        0.5, "minimum time between the two reads that confirm the status `ready`", minimum=0
    )
    retry_first_seconds: float = _seconds(5.0, "wait after the first failed poll; doubled each time")
    retry_max_seconds: float = _seconds(60.0, "longest wait after a failed poll")
    refused_first_seconds: float = _seconds(
        30.0, "wait before rejected credentials are tried again; doubled each time"
    )
    refused_max_seconds: float = _seconds(300.0, "longest wait before rejected credentials are tried again")
    secret_seconds: float = _seconds(
        60.0, "how long a Secret is cached; one that passwordFrom follows is read after five times that"
    )
    connection_secrets: bool = _setting(
        NO, "write Secrets for writeConnectionSecretToRef; needs the rights to create, update and delete them"
    )
    hung_seconds: float = _seconds(
        600.0, "a server in transition for longer than this is synchronised by the cloud", minimum=1
    )
    post_settle_seconds: float = _seconds(
        180.0, "how long a POST without an answer may still create its server", minimum=1
    )
    burnt_seconds: float = _seconds(60.0, "time between the two requests that prove an ID unusable")
    delete_again_seconds: float = _seconds(
        60.0, "minimum time before a DELETE without an answer is sent again"
    )
    retry_create_first_seconds: float = _seconds(
        30.0, "wait after the first failed creation; doubled each time"
    )
    retry_create_max_seconds: float = _seconds(600.0, "longest wait after a failed creation")
    expiring_days: int = _setting(
        7, "how long before the end of the billing period the condition Expiring appears"
    )


def settings_from(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of *environment* (this process's by default). Raises SettingsError."""
    values = os.environ if environment is None else environment
    known = {f"{PREFIX}{setting.name.upper()}": setting for setting in fields(Settings)}
    unknown = sorted(name for name in values if name.startswith(PREFIX) and name not in known)
    if unknown:
        msg = f"unknown settings: {', '.join(unknown)}"
        raise SettingsError(msg)
    read: dict[str, Any] = {}
    for name, setting in known.items():
        if (text := values.get(name, "").strip()) != "":
            read[setting.name] = _value(name, text, setting)
    settings = Settings(**read)
    if settings.log_format not in {"text", "json"}:
        msg = f"{PREFIX}LOG_FORMAT must be text or json"
        raise SettingsError(msg)
    if settings.log_level not in {"debug", "info", "warning", "error"}:
        msg = f"{PREFIX}LOG_LEVEL must be debug, info, warning or error"
        raise SettingsError(msg)
    if settings.selector and not settings.leader_election:
        # A disconnected shard would continue with stale objects beside the one that took them over.
        msg = f"{PREFIX}SELECTOR needs {PREFIX}LEADER_ELECTION"
        raise SettingsError(msg)
    return settings


def _value(name: str, text: str, setting: Field[Any]) -> object:
    try:
        match setting.default:
            case bool():
                return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
            case int():
                number: float = int(text)
            case float():
                number = float(text)
            case tuple():
                return tuple(part.strip() for part in text.split(",") if part.strip())
            case _:
                return text
    except (KeyError, ValueError):
        kind = {"bool": "true or false", "int": "a whole number", "float": "a number of seconds"}
        msg = f"{name} must be {kind[type(setting.default).__name__]}, not {text!r}"
        raise SettingsError(msg) from None
    minimum, maximum = setting.metadata["minimum"], setting.metadata["maximum"]
    if not (minimum <= number <= maximum and math.isfinite(number)):
        wanted = f"{minimum:g} or more" if maximum == math.inf else f"from {minimum:g} to {maximum:g}"
        msg = f"{name} must be {wanted}, not {text}"
        raise SettingsError(msg)
    return number
