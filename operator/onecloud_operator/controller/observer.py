"""What is known of an object's server when a decision is due, and what the loss breaker hears of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import CONFIRM_GONE
from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.attribution import attributed
from onecloud_operator.core.actions import Hold, Look
from onecloud_operator.core.cloud_writes import Delete
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.memory import seeing
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.adopt import candidates_of, watched_id
from onecloud_operator.core.records import unasked_for
from onecloud_operator.core.references import UnderWay, names_in
from onecloud_operator.core.tenancy import hidden
from onecloud_operator.engine import loggers
from onecloud_operator.translate import recall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.controller.sessions import Opened
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.config import Config
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Owner
    from onecloud_operator.core.outcome import Outcome
    from onecloud_operator.core.references import Answer, Reference
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Problem
    from onecloud_operator.feed import Feed, Feeds
    from onecloud_operator.kube.store import Key, Store

logger = logging.getLogger(loggers.SERVERS)


@dataclass(slots=True)
class _Watching:
    """What an object watches, and what the loss breaker knows of it; losing it costs time, never safety."""

    watched: str | None = None
    asked_gone: str | None = None  # the server for which confirm-gone was asked and did not stand
    counted: str | None = None  # the server whose loss the loss breaker knows of
    feed: Feed[Key] | None = None
    recalled: bool = False  # the loss breaker knows what the status says


@dataclass(slots=True)
class Observer:
    """The feeds, as each object sees them."""

    feeds: Feeds[Key]
    objects: Store[Resource]
    config: Config
    _watching: dict[Key, _Watching] = field(default_factory=dict)

    def look(self, key: Key, facts: Facts, opened: Opened) -> tuple[Facts, Feed[Key]]:
        """Return *facts* with what the object's own feed knows, which it joins, and the feed."""
        feed = self.feeds.join(key, opened.place, opened.cloud)
        known = self._watching.setdefault(key, _Watching())
        candidates = candidates_of(facts)
        server_id = watched_id(facts.resource, candidates)
        if known.watched != server_id or known.feed is not feed:
            self._watch(key, facts, known, feed, server_id)
        reading = feed.shown(key, server_id) if server_id is not None else Reading()
        if _tell_loss_breaker(facts, known, feed, reading) and server_id is not None:
            reading = feed.shown(key, server_id)  # no absence counts now that was proven before
        if reading.server is not None and hidden(facts, reading.server):
            facts = replace(facts, hidden=reading.server.detailed)
            reading = replace(reading, server=None)
        facts = seeing(facts, reading)
        _note_that_the_bin_works(facts, feed)
        seen = (*(candidates or ()), *((reading.server,) if reading.server else ()))
        owners = tuple(server.owner for server in seen if server.owner is not None)
        facts = replace(
            facts,
            trouble=self._trouble(key, facts, feed, opened),
            candidates=candidates,
            rivals=self._rivals(owners),
            strangers=self._strangers(owners),
            all_known=self.objects.complete,
            names=_names(key, facts, feed, opened),
            too_many_gone=feed.breaker.holding(facts.now, feed.owned, key.namespace),
            bin_off=feed.breaker.bin_off,
        )
        return facts, feed

    def _trouble(self, key: Key, facts: Facts, feed: Feed[Key], opened: Opened) -> Problem | None:
        """Return why the object cannot rely on its feed, which others' credentials may ask, or None."""
        trouble, secret = feed.trouble(key), self.objects.secret_of(key)
        if trouble is None or (secret is None and facts.provider is None):
            return trouble
        provider = facts.provider.name if facts.provider is not None else None
        return attributed(trouble, secret[1] if secret else "", opened.cloud, provider=provider)

    def leave(self, key: Key) -> None:
        """Leave the feed: what these credentials do not show must not be seen with another's."""
        self.feeds.leave(key)
        if (known := self._watching.get(key)) is not None:
            known.feed = known.watched = None

    def forget(self, key: Key) -> None:
        """Drop what is kept of an object that is gone."""
        self.feeds.leave(key)
        self._watching.pop(key, None)

    def note_the_wait(self, key: Key, facts: Facts, step: Step) -> None:
        """Have the feed skip the steps of a moving server, if none of them changes what was decided."""
        known = self._watching.get(key)
        if known is not None and known.feed is not None:
            waits = isinstance(step, Hold) and step.until_settled and not facts.resource.deleting
            known.feed.await_settled(key, facts.server if waits else None)

    def note_the_bin(self, key: Key, facts: Facts, step: Step, outcome: Outcome) -> None:
        """See whether a server that was to be recycled is gone for good: then there is no recycle bin."""
        known, gone = self._watching.get(key), isinstance(outcome, Done) and outcome.gone
        feed = known.feed if known is not None else None
        if feed is None or not gone or not isinstance(step, Look) or not _was_to_be_recycled(facts):
            return
        feed.breaker.bin_fails(facts.now)
        logger.warning(
            "the cloud deleted a server for good that was to be recycled",
            extra={
                "object": str(key),
                "server_id": step.server_id,
            },
        )

    def _watch(
        self, key: Key, facts: Facts, known: _Watching, feed: Feed[Key], server_id: str | None
    ) -> None:
        records = facts.resource.records
        feed.unwatch(key)
        if server_id is not None:
            # The owner tags are not in the status, so where they matter they are read from the cloud.
            made_here = records.seen and records.creation and records.place and not records.mirror_shared
            disputed = Reason.OWNED_BY_ANOTHER in {records.synced_reason, records.deleting_reason}
            feed.watch(key, server_id, recall(records.mirror) if made_here and not disputed else None)
        known.watched, known.feed = server_id, feed

    def _rivals(self, owners: tuple[Owner, ...]) -> frozenset[str]:
        """Return the UIDs of other owners that live, or that cannot be known to be dead."""
        return frozenset(
            o.uid
            for o in owners
            if o.cluster != self.config.cluster or self.objects.lives(o.uid, o.namespace)
        )

    def _strangers(self, owners: tuple[Owner, ...]) -> frozenset[str]:
        """Return the UIDs of owners in other clusters; what lives here is none, whatever it was called."""
        others = (o.uid for o in owners if o.cluster != self.config.cluster)
        return frozenset(uid for uid in others if not self.objects.has(uid))


def _names(key: Key, facts: Facts, feed: Feed[Key], opened: Opened) -> Mapping[Reference, Answer]:
    spec = facts.resource.server_spec
    if spec is None:
        return {}
    if not feed.may_see(key):
        return dict.fromkeys(names_in(spec), UnderWay())
    return feed.names.answers(key, names_in(spec), opened.cloud)


def _tell_loss_breaker(facts: Facts, known: _Watching, feed: Feed[Key], reading: Reading) -> bool:
    """
    Tell what vanished though nobody here asked for it, what held before a restart, and what is confirmed.

    Return whether it was confirmed just now.

    An annotation is an answer: it counts only on an object that is held, and only if this process has seen
    it held without the annotation before. So one that was left there confirms no later loss.
    """
    resource, records, breaker = facts.resource, facts.resource.records, feed.breaker
    server_id = records.bound_id
    held = Reason.TOO_MANY_GONE in {records.synced_reason, records.deleting_reason}
    if not known.recalled:
        known.recalled = True
        if held:
            breaker.trip()
        if records.deleting_reason == Reason.RECYCLE_BIN_OFF:
            breaker.bin_off = True
    if reading.server is not None:
        known.counted = None  # it may come back, and be lost once more
    if reading.gone and known.counted != server_id:
        known.counted = server_id
        if unasked_for(records):
            breaker.record(str(server_id), facts.now)
    if not breaker.holding(facts.now, feed.owned, resource.namespace):
        known.asked_gone = None
    elif not resource.confirms(CONFIRM_GONE, server_id):
        known.asked_gone = server_id
    elif known.asked_gone == server_id and held:
        known.asked_gone = None
        feed.acknowledge(resource.namespace)
        return True
    return False


def _was_to_be_recycled(facts: Facts) -> bool:
    """Return whether the server was last seen out of the bin, and sent there by this process."""
    records, server = facts.resource.records, facts.server
    if facts.reading.gone or not records.seen or records.deletion_requested_at is None:
        return False
    mild = any(isinstance(s, Delete) and not s.for_good for s in facts.memory.acceptances)
    # What never came to rest is deleted for good by every cloud.
    whole = records.creation is None or records.creation.completed_at is not None
    return mild and whole and not (server is not None and server.recycled)


def _note_that_the_bin_works(facts: Facts, feed: Feed[Key]) -> None:
    """See whether a server that this process had recycled is in the bin: then there is one."""
    server, records = facts.server, facts.resource.records
    if not feed.breaker.bin_off or server is None or not server.recycled or not records.seen:
        return
    sent = facts.memory.acceptances.get(Delete(server.id, for_good=False))
    if sent is not None and records.deletion_requested_at is not None:
        feed.recycled(sent.at)
