"""All that a decision about a OneCloudProvider itself may look at."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.values import Place, Problem


@fast_dataclass(frozen=True, slots=True)
class ProviderObject:
    """A OneCloudProvider: what its servers see of it, and what the operator has to keep of it."""

    provider: Provider
    version: str  # resourceVersion
    held: bool
    finalizers: tuple[str, ...] = ()
    finalizer_place: int = 0  # of ours, in the object's list
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deleting(self) -> bool:
        """Return whether the object is to go."""
        return self.provider.deleting


@fast_dataclass(frozen=True, slots=True)
class Usage:
    """
    Which objects name a provider.

    *states*: how many by the state of their server. *namespaces*: how many by namespace. *bound*: how many of
    a namespace have the record of a server, or are about to get one. *complete*: every object was heard of.
    """

    states: Mapping[str, int] = field(default_factory=dict)
    namespaces: Mapping[str, int] = field(default_factory=dict)
    bound: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.namespaces.values())


@fast_dataclass(frozen=True, slots=True)
class Polled:
    """
    The feed of the project that a provider leads to.

    *problem*: why nothing new is known of it. *age_seconds*: since the newest complete poll was sent; None
    before the first. *servers*: how many are watched.
    """

    problem: Problem | None
    age_seconds: float | None
    servers: int


@fast_dataclass(frozen=True, slots=True)
class SignedIn:
    """Where the credentials lead. *project*: its name, if that is known."""

    place: Place
    project: str | None


@fast_dataclass(frozen=True, slots=True)
class ProviderFacts:
    """*signed_in*: or why not. *polled*: None where nobody watches the project."""

    found: ProviderObject
    wall: datetime
    signed_in: SignedIn | Problem
    usage: Usage = field(default_factory=Usage)
    polled: Polled | None = None
