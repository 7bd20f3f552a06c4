"""
Which network card each entry of the spec is.

    on record by its MAC address       that card, whatever its network is called by now
    attachment under way               the one card that fits and was not there before
    neither                            the one card of that network that no other entry has, by its id

A card that no entry ever had is another's: it is shown and left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import NETWORKS
from onecloud_operator.core.card_records import ATTACHED, CARDS_LENGTH, CREATED, CardRecord, options_of
from onecloud_operator.core.creation_digests import made_as_declared
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.plan.create_only import Doubt
from onecloud_operator.core.policies import ignored
from onecloud_operator.core.references import Kind, Reference, Resolved, UnderWay, is_id, same_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onecloud_operator.api.spec import NetworkSpec
    from onecloud_operator.core.card_records import Attachment
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Details, Nic
    from onecloud_operator.core.references import Names
    from onecloud_operator.core.resource import Resource


@fast_dataclass(frozen=True, slots=True)
class BoundCard:
    """An entry of the spec and its card."""

    entry: NetworkSpec
    record: CardRecord
    nic: Nic


@fast_dataclass(frozen=True, slots=True)
class OpenCard:
    """
    An entry without a card. *record*: its attachment is under way, or nobody knows what came of it.

    *entry* None: it has left the spec since. *fitting*: how many cards there are that may have come of it.
    """

    entry: NetworkSpec | None
    network_id: str
    record: CardRecord | None = None
    fitting: int = 0


@fast_dataclass(frozen=True, slots=True)
class MatchedCards:
    """
    The cards of a server as the spec speaks of them.

    *leaving*: on record, and not in the list any more. *unclear*: entries that several cards fit. *foreign*:
    cards of others. *records*: what is to stand in the status.
    """

    bound: tuple[BoundCard, ...] = ()
    open: tuple[OpenCard, ...] = ()
    leaving: tuple[tuple[CardRecord, Nic], ...] = ()
    unclear: tuple[NetworkSpec, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    foreign: tuple[Nic, ...] = ()
    records: tuple[CardRecord, ...] = ()

    @property
    def complete(self) -> bool:
        """Return whether it is known of each entry which card it is."""
        return not (self.open or self.unclear or self.doubts)


def field_of(network: str) -> str:
    """Return the path of an entry below ``spec.server``."""
    return f"networks[{network}]"


def cards_without(cards: MatchedCards, fields: frozenset[str]) -> MatchedCards:
    """Return *cards* without those that *fields*, not to be touched, speak of; then none leaves, either."""
    named = {field.partition("]")[0] + "]" for field in fields if field.startswith(f"{NETWORKS}[")}
    if not named:
        return cards
    return replace(
        cards,
        bound=tuple(one for one in cards.bound if field_of(one.entry.network) not in named),
        open=tuple(
            one for one in cards.open if one.entry is None or field_of(one.entry.network) not in named
        ),
        leaving=(),
    )


def newcomers(attaching: Attachment, network_id: str, nics: Iterable[Nic]) -> tuple[Nic, ...]:
    """Return which of *nics* may have come of *attaching*."""
    return tuple(
        nic
        for nic in nics
        if nic.mac is not None
        and nic.mac not in attaching.before
        and same_id(nic.network_id, network_id)
        and attaching.address in {None, nic.address}
        and attaching.mac in {None, nic.mac}
    )


def cards_of(facts: Facts, details: Details, resource: Resource | None = None) -> MatchedCards:
    """
    Return which of the cards in *details* the spec of *resource*, by default that of the facts, speaks of.

    What it is limited to by now counts as recorded once the cloud has accepted it.
    """
    resource = resource or facts.resource
    if ignored(resource, NETWORKS):
        return MatchedCards(records=resource.records.cards)
    matching = _Matching(resource, details, facts.names)
    matching.go_by_records()
    matching.go_by_networks()
    found = matching.result()
    limits = facts.memory.limited
    if not limits:
        return found
    records = tuple(_limited(record, limits) for record in found.records)
    bound = tuple(replace(one, record=_limited(one.record, limits)) for one in found.bound)
    return replace(found, records=records, bound=bound)


def _limited(record: CardRecord, limits: Mapping[str, int]) -> CardRecord:
    limit = limits.get(record.mac) if record.mac is not None else None
    if limit is None or record.limiting not in {None, limit}:
        return record
    return record if (limit, None) == (record.bandwidth, record.limiting) else _certain(record, limit)


def _certain(record: CardRecord, limit: int) -> CardRecord:
    return replace(record, bandwidth=limit, limiting=None)


class _Matching:
    """One walk over entries, records and cards; each card is taken once."""

    def __init__(self, resource: Resource, details: Details, names: Names) -> None:
        spec, self.creation = resource.server_spec, resource.records.creation
        self.declared = spec is not None and spec.networks is not None
        self.entries = {one.network: one for one in (spec.networks if spec is not None else None) or ()}
        self.as_made = (
            spec is not None and self.creation is not None and made_as_declared(spec, self.creation, NETWORKS)
        )
        self.first = self.as_made and resource.records.baseline is None
        self.recorded = resource.records.cards
        self.nics, self.names = details.nics, names
        self.known = details.owner_known
        self.by_mac = {nic.mac: nic for nic in details.nics if nic.mac is not None}
        on_record = {record.mac for record in self.recorded}
        self.free = [nic for nic in details.nics if nic.mac is not None and nic.mac not in on_record]
        self.found: dict[str, tuple[CardRecord, Nic]] = {}  # by the entry's network
        self.leaving: list[tuple[CardRecord, Nic]] = []
        self.open: list[OpenCard] = []
        self.unread: list[CardRecord] = []
        self.unclear: list[NetworkSpec] = []
        self.doubts: list[Doubt] = []

    def go_by_records(self) -> None:
        for record in self.recorded:
            if record.attaching is not None:
                self._go_on_attaching(record, record.attaching)
            elif record.mac is not None and (nic := self.by_mac.get(record.mac)) is not None:
                self._keep(record, nic)
            elif not self.known:
                self.unread.append(record)  # the status that the server was recalled from may lack it

    def _keep(self, record: CardRecord, nic: Nic) -> None:
        if record.network in self.entries:
            self.found[record.network] = record, nic
        else:
            self.leaving.append((record, nic))

    def _go_on_attaching(self, record: CardRecord, attaching: Attachment) -> None:
        fitting = newcomers(attaching, record.network_id, self.free)
        if len(fitting) == 1:
            self.free.remove(fitting[0])
            self._keep(replace(record, mac=fitting[0].mac, attaching=None), fitting[0])
        else:
            entry = self.entries.get(record.network)
            self.open.append(OpenCard(entry, record.network_id, record, len(fitting)))

    def go_by_networks(self) -> None:
        under_way = {one.record.network for one in self.open if one.record is not None}
        under_way |= {record.network for record in self.unread}
        left = [e for e in self.entries.values() if e.network not in {*self.found, *under_way}]
        alone = len(left) == len(self.entries) == len(self.nics) == 1 and self.first
        if alone and self.free and not self._elsewhere(left[0], self.free[0]):
            # The only card of a server that was just made with one network needs no question.
            self._bind(left[0], self.free[0])
            return
        named: dict[str, list[NetworkSpec]] = {}
        for entry in left:
            network_id = self._id_of(entry)
            if network_id is not None:
                named.setdefault(network_id, []).append(entry)
        for network_id, entries in named.items():
            for entry in entries:
                self._find(entry, network_id, len(entries))

    def _elsewhere(self, entry: NetworkSpec, nic: Nic) -> bool:
        """Return whether it is known that *nic* is in another network than that of *entry*."""
        answer = self.names.get(Reference(Kind.NETWORK, entry.network))
        network_id = answer.id if isinstance(answer, Resolved) else entry.network
        known = isinstance(answer, Resolved) or is_id(entry.network)
        return known and not same_id(network_id, nic.network_id)

    def _id_of(self, entry: NetworkSpec) -> str | None:
        name = entry.network
        if is_id(name):
            return name.lower()
        if any(name == nic.network_id for nic in self.nics):
            return name
        reference = Reference(Kind.NETWORK, name)
        answer = self.names.get(reference)
        if isinstance(answer, Resolved):
            return answer.id
        # Of a server that was made so, nothing need be known before something changes.
        asked_in_vain = answer is not None and not isinstance(answer, UnderWay)
        if not self.as_made or (self.known and not asked_in_vain):
            self.doubts.append(Doubt(field_of(name), reference, answer))
        return None

    def _find(self, entry: NetworkSpec, network_id: str, number: int) -> None:
        again = next((one for one in self.leaving if same_id(one[0].network_id, network_id)), None)
        if again is not None:  # the same network, called otherwise
            self.leaving.remove(again)
            self.found[entry.network] = replace(again[0], network=entry.network), again[1]
            return
        fitting = [n for n in self.free if same_id(n.network_id, network_id) and entry.mac in {None, n.mac}]
        exact = [nic for nic in fitting if entry.address is not None and nic.address == entry.address]
        fitting = exact or fitting
        if not fitting:
            # A card without a MAC address may be the one, and cannot be told from others.
            if all(nic.mac is not None or not same_id(nic.network_id, network_id) for nic in self.nics):
                self.open.append(OpenCard(entry, network_id))
        elif len(fitting) <= number:
            self._bind(entry, fitting[0])
        else:
            self.unclear.append(entry)

    def _bind(self, entry: NetworkSpec, nic: Nic) -> None:
        self.free.remove(nic)
        record = CardRecord(entry.network, nic.network_id, nic.mac)
        if self.as_made and not self.recorded:
            record = replace(record, how=CREATED, bandwidth=entry.bandwidth, options=options_of(entry))
        self.found[entry.network] = record, nic

    def result(self) -> MatchedCards:
        bound = tuple(
            BoundCard(entry, *self.found[network])
            for network, entry in self.entries.items()
            if network in self.found
        )
        records = [one.record for one in bound]
        records += [one.record for one in self.open if one.record is not None]
        if not self.declared:  # not looked after: only what nobody knows the end of stays on record
            return MatchedCards(records=tuple(r for r in records if r.attaching is not None))
        records += [*self.unread, *(record for record, _ in self.leaving)]
        return MatchedCards(
            bound=bound,
            open=tuple(self.open),
            leaving=tuple(self.leaving),
            unclear=tuple(self.unclear),
            doubts=tuple(self.doubts),
            foreign=tuple(self.free),
            records=tuple(records[:CARDS_LENGTH]),  # what no longer fits is left alone, as others' cards are
        )


def begun_card(open_card: OpenCard, attaching: Attachment) -> CardRecord:
    """Return the record of an attachment that begins."""
    entry = open_card.entry
    if entry is None:
        msg = "only an entry of the spec is attached"
        raise AssertionError(msg)
    return CardRecord(
        entry.network,
        open_card.network_id,
        how=ATTACHED,
        bandwidth=entry.bandwidth,
        options=options_of(entry),
        attaching=attaching,
    )
