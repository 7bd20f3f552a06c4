"""All that a decision may look at, gathered before it is made."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from onecloud_operator.core.actions import Step
from onecloud_operator.core.config import Config
from onecloud_operator.core.connection_memory import ConnectionMemory
from onecloud_operator.core.eip_memory import EipMemory
from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.login_writes import LoginTries
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.observed import DiskState, Observed, Reading
from onecloud_operator.core.retry_state import RetryState
from onecloud_operator.core.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from onecloud_operator.core.actions import Find
    from onecloud_operator.core.login_record import SecretUse
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.references import Answer, Reference
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Place, Problem


@fast_dataclass(frozen=True, slots=True)
class History:
    """What the events tell of a server. *started*: it ran at least once."""

    started: bool
    failure: str | None


@fast_dataclass(frozen=True, slots=True)
class Cause:
    """
    The newest failure that the events tell of: its words, "" for none, and about when (monotonic).

    *status*: to which it led, if that is the newest one that they tell of.
    """

    text: str
    at: float
    status: str | None = None


@fast_dataclass(frozen=True, slots=True)
class Asked:
    """How often the events were asked for the cause of one failure, when last, and what they said."""

    count: int
    at: float
    text: str | None = None


@fast_dataclass(frozen=True, slots=True)
class LookedAtDisk:
    """A GET of a disk: when it was sent (monotonic), and what it showed, None for a proven 404."""

    at: float
    state: DiskState | None


@fast_dataclass(frozen=True, slots=True)
class FoundDisks:
    """The disks that a list by an owner tag has; *at*: when it was asked for (monotonic)."""

    at: float
    ids: tuple[str, ...]
    complete: bool


@fast_dataclass(frozen=True, slots=True)
class Looked:
    """A bare GET of an id: when it was sent (monotonic), and the version that it showed, None for a 404."""

    at: float
    version: int | None


@fast_dataclass(frozen=True, slots=True)
class DryRunAnswer:
    """What the cloud has against a creation that it was asked to check, for which intent; None: nothing."""

    intent: str
    at: float
    problem: Problem | None


@fast_dataclass(frozen=True, slots=True)
class CardTry:
    """
    An attachment of a card that this process put on record at *since*, as it stands there.

    *sent_at*: end (monotonic) of the request for it; None while there was none, or the cloud refused it.
    """

    since: str
    sent_at: float | None = None


@fast_dataclass(frozen=True, slots=True)
class LimitTry:
    """
    A limit of a card's bandwidth that this process put on record.

    *lost*: the one whose answer was lost last, at *lost_at* (monotonic): it may come true until later.
    """

    lost: int | None = None
    lost_at: float = 0.0


@fast_dataclass(frozen=True, slots=True)
class GroupTry:
    """
    What this process knows of an instance group of which the record is unsure.

    *inside*: whether the server is in it, None: nobody knows. *lost*: which request it was, True to enter it,
    whose answer was lost last, at *lost_at* (monotonic): it may come true until later.
    """

    inside: bool | None = None
    lost: bool | None = None
    lost_at: float = 0.0


@fast_dataclass(frozen=True, slots=True)
class Stops:
    """How often, in a row, the server was stopped for the changes *why*, and none was carried out then."""

    intent: str
    why: str
    count: int


@fast_dataclass(frozen=True, slots=True)
class Memory(RetryState[Step]):
    """
    What this process remembers of one server. Losing it at any moment costs time, never safety.

    All times are monotonic; None means that it did not happen in this process.
    """

    wrote_at: float | None = None  # end of the last write to the server
    agreed: int | None = None  # the generation with which the server agreed last, 0 once it is corrected
    begun_attempt: int | None = None  # the attempt that this process recorded itself
    begun_at: float | None = None  # and when
    posted_at: float | None = None  # end of the last POST of the current attempt
    lost_at: float | None = None  # end of the last one whose answer was lost: it may be at work until later
    reopened_attempt: int | None = None  # the attempt of which this process wrote that it asks again
    burnt_at: float | None = None  # when a POST's id was first found used up with no server behind it
    looked_at: float | None = None  # when the last bare GET of the bound id was sent
    looked_version: int | None = None  # and the version that it showed
    looks: Mapping[str, Looked] = field(default_factory=dict)  # the last ones of other ids
    disks: Mapping[str, LookedAtDisk] = field(
        default_factory=dict
    )  # since the last step that was to keep them
    found_disks: FoundDisks | None = None
    kept_at: float | None = None  # end of the last KeepDisk
    # Of attempts that this process recorded itself, and of which no request can be under way.
    unsent_disks: frozenset[str] = frozenset()
    card_tries: Mapping[str, CardTry] = field(default_factory=dict)  # by the network, as in the spec
    carded_at: float | None = None  # end of the last write by which a card comes or goes
    limited: Mapping[str, int] = field(default_factory=dict)  # bandwidth accepted last, by MAC address
    limit_tries: Mapping[str, LimitTry] = field(default_factory=dict)  # by MAC address
    groups: Mapping[str, GroupTry] = field(default_factory=dict)  # by the group's id
    eip: EipMemory = field(default_factory=EipMemory)
    history: History | None = None
    history_asked_at: float | None = None
    history_version: int | None = None  # the newest that had been seen when they were asked for
    asked: Mapping[str, Asked] = field(default_factory=dict)  # by ReadCause.failure
    failed_at: float | None = None  # when this attempt's failure was recorded, and for which intent
    failed_intent: str | None = None
    found: tuple[Find, tuple[Observed, ...]] | None = None  # the last search for candidates, and its answer
    found_at: float | None = None  # when the candidates of an adoption were last asked for, for which intent
    found_intent: str | None = None
    begun_restart: str | None = None  # since when, of the restart that this process recorded itself
    restart_begun_at: float | None = None  # and when it did so
    stops: Stops | None = None
    stop_lost_at: float | None = None  # end of the last stop whose answer was lost: it may come true later
    unsent_rebuild: str | None = None  # since when, of the recorded rebuild of which surely nothing came
    too_many: bool = False  # its deletion was one of too many, and nothing has changed about that
    begun_deletion: bool = False  # this process recorded the DELETE's time itself
    deleted_at: float | None = None  # end of the last DELETE
    moving_since: float | None = None
    moved_version: int | None = None  # version of the newest step seen, and when
    moved_at: float | None = None
    synced_at: float | None = None  # last SyncStatus
    sync_count: int = 0
    login: LoginTries = field(default_factory=LoginTries)
    dry_run: DryRunAnswer | None = None
    connection: ConnectionMemory = field(default_factory=ConnectionMemory)


@fast_dataclass(frozen=True, slots=True)
class Facts:
    """
    The input of one decision. *now* is monotonic, *wall* the time of day for what is written down.

    *trouble*: why the cloud cannot be asked for this object (its credentials, or a feed that gets no
    answers). *place*: where its credentials lead; None under trouble of the former kind.
    *candidates*: the servers found for an adoption, None while nobody looked.
    *rivals*: UIDs of living objects, of those that the candidates' tags name; *strangers*: those of them
    that are of another cluster, so that only a person can tell whether they live. *all_known*: every object
    of this cluster was heard of.
    *names*: what the spec's names stand for, so far as it was asked for lately.
    *password*: the version of the Secret of the password, where that is needed and known, or why it cannot be
    read.
    *deletions*: how many objects are deleted beside this one.
    *lacking*: why a new server cannot be asked for: what it is to be made with is not in a Secret.
    *surroundings*: what stands on the object's namespace.
    *provider*: the one by whose credentials the cloud is reached; None with credentials of the object's own.
    *places*: how many servers it has besides, in all and for this namespace. *hidden*: the server that the
    status names was read, and is not to be seen by this object.
    """

    resource: Resource
    now: float
    wall: datetime
    config: Config = field(default_factory=Config)
    memory: Memory = field(default_factory=Memory)
    place: Place | None = None
    trouble: Problem | None = None
    reading: Reading = field(default_factory=Reading)
    candidates: tuple[Observed, ...] | None = None
    rivals: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()
    all_known: bool = True
    names: Mapping[Reference, Answer] = field(default_factory=dict)
    too_many_gone: bool = False
    bin_off: bool = False
    deletions: Deletions = field(default_factory=Deletions)
    lacking: Problem | None = None
    password: SecretUse | Problem | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)
    provider: Provider | None = None
    places: tuple[int, int] = (0, 0)
    hidden: bool = False

    @property
    def server(self) -> Observed | None:
        """Return the bound server as last read."""
        return self.reading.server

    @property
    def fresh(self) -> bool:
        """Return whether the reading was asked for after our last write to the server."""
        return self.memory.wrote_at is None or self.reading.asked_at >= self.memory.wrote_at

    @property
    def hangs(self) -> bool:
        """Return whether the server has not changed for so long that nobody can be at work on it any more."""
        return self.now - self.memory.latest(self.memory.moved_at) >= self.config.hung_seconds

    @property
    def begun_here(self) -> bool:
        """Return whether this process recorded the attempt itself: no other can have sent its POST."""
        creation = self.resource.records.creation
        return creation is not None and self.memory.begun_attempt == creation.attempt

    @property
    def never_sent(self) -> bool:
        """Return whether nobody can have made the attempt's server yet."""
        return self.begun_here and self.memory.posted_at is None

    @property
    def all_refused(self) -> bool:
        """
        Return whether each POST of the attempt was clearly refused, by the word of the status.

        Others may have put it there, so a 404 has to say the same.
        """
        creation, memory = self.resource.records.creation, self.memory
        if creation is None or memory.posted_at is not None:
            return False
        return creation.refused_at is not None or memory.reopened_attempt == creation.attempt

    @property
    def intent(self) -> str:
        """Return a text that changes whenever the user asked for something new."""
        # An annotation that was obeyed and is removed again is no new intent.
        asked = self.resource.reconcile_requested_at or self.resource.records.last_handled or ""
        return f"{self.resource.generation}/{asked}/{self.resource.deleting}"
