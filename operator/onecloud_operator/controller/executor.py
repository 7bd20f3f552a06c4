"""How each step is carried out: by calls to the cloud or to Kubernetes, and nothing decided on the way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, assert_never

from onecloud_operator.api.identity import SERVER
from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.attribution import attributed
from onecloud_operator.controller.audit import audited
from onecloud_operator.controller.cloud_writer import CloudWriter, checked_body, doing_of
from onecloud_operator.controller.connection_writer import send_connection
from onecloud_operator.controller.eip_writer import send_eip
from onecloud_operator.core.actions import (
    AddFinalizer,
    DryRun,
    Find,
    FindDisks,
    Hold,
    Look,
    Looking,
    ReadCause,
    ReadDisk,
    ReadEip,
    ReadHistory,
    Record,
    RemoveFinalizer,
    Resolve,
    Settled,
)
from onecloud_operator.core.cloud_writes import (
    CloudWrite,
    Create,
)
from onecloud_operator.core.connection_writes import ConnectionWrite
from onecloud_operator.core.eip_writes import AsideWrite
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.outcome import Done, Failed, Outcome
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.core.values import Problem
from onecloud_operator.kube.client import KubeClient, ObjectReference
from onecloud_operator.kube.store import Key
from onecloud_operator.onecloud import ServerQuery
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.translate import (
    NAME_TAG,
    Doing,
    Untranslatable,
    disk_state,
    eip_state,
    observed_from_details,
    problem_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.feed import Feed
    from onecloud_operator.kube.store import Store
    from onecloud_operator.onecloud import Cloud

MAX_FOUND = 20  # of one name; if there is more than one, all are named and none is taken


@dataclass(frozen=True, slots=True)
class Executor:
    """What carries out the steps of one object in one pass. *cloud*, *feed*: None without credentials."""

    cluster: KubeClient
    objects: Store[Resource]
    sessions: Sessions
    monotonic: Callable[[], float]
    cloud: Cloud | None = None
    feed: Feed[Key] | None = None

    async def act(self, facts: Facts, step: Step) -> Outcome:
        """Carry out *step*. Raises KubeError; whatever the cloud answers is in the outcome."""
        outcome, spec = await self._act(facts, step), facts.resource.spec
        if isinstance(outcome, Done) or spec is None:
            return outcome
        secret = spec.credentials_ref.name if spec.credentials_ref is not None else ""
        provider = facts.provider.name if facts.provider is not None else None
        problem = attributed(outcome.problem, secret, self.cloud, provider=provider)
        return replace(outcome, problem=problem)

    async def _act(self, facts: Facts, step: Step) -> Outcome:
        began_at = self.monotonic()
        if isinstance(step, AddFinalizer | RemoveFinalizer):
            await self._set_finalizer(facts, held=isinstance(step, AddFinalizer))
            return self._done(began_at)
        if isinstance(step, Looking):
            if isinstance(step, DryRun):
                return await self._dry_run(facts, step, began_at)
            return await self._look(step, began_at)
        if isinstance(step, CloudWrite):
            return await self._write(facts, step)
        if isinstance(step, ConnectionWrite):
            return await self._connect(facts, step, began_at)
        if isinstance(step, Record | Hold | Settled):
            # A record is written together with the rest of the status, by the report.
            return self._done(began_at)
        assert_never(step)

    def _done(self, began_at: float) -> Done:
        return Done(began_at, self.monotonic())

    def _failed(self, problem: Problem) -> Failed:
        return Failed(problem, self.monotonic())

    async def _set_finalizer(self, facts: Facts, *, held: bool) -> None:
        resource, reference, asked_at = facts.resource, reference_of(facts), self.monotonic()
        with self.objects.writing(Key(resource.namespace, resource.name, resource.uid)):
            if held:
                others = bool(resource.finalizers)
                body = await self.cluster.add_finalizer(reference, FINALIZER, others=others)
            else:
                body = await self.cluster.remove_finalizer(reference, FINALIZER, resource.finalizer_place)
            self.objects.answered(body, asked_at)

    async def _dry_run(self, facts: Facts, step: DryRun, began_at: float) -> Done:
        """Ask whether a server would be made; a refusal is an answer, too, and no answer is one."""
        cloud, spec = self._reach()[0], facts.resource.server_spec
        refusal = None
        try:
            if spec is not None:
                await cloud.check_server(checked_body(facts, spec, step.creation))
        except OneCloudError as error:
            image = spec.image if spec is not None else None
            refusal = problem_of(error, doing=Doing.CREATE, image=image)
        return Done(began_at, self.monotonic(), refusal=refusal)

    async def _look(self, step: Looking, began_at: float) -> Outcome:
        cloud, feed = self._reach()
        try:
            match step:
                case Look(server_id=server_id):
                    reading = await feed.look(server_id, cloud)
                    version = reading.server.version if reading.server else None
                    return Done(began_at, self.monotonic(), gone=reading.gone, version=version)
                case ReadDisk(disk_id=disk_id):
                    row = await cloud.get_disk(disk_id)
                    state = None if row is None else disk_state(row)
                    return Done(began_at, self.monotonic(), disk=state)
                case ReadEip(eip_id=eip_id):
                    row = await cloud.eips.get(eip_id)
                    return Done(began_at, self.monotonic(), eip=None if row is None else eip_state(row))
                case FindDisks(name=name):
                    ids, complete = await cloud.list_disks_tagged(NAME_TAG, name)
                    return Done(began_at, self.monotonic(), disks=ids, complete=complete)
                case Find():
                    found = await self._find(cloud, feed, step)
                    return Done(began_at, self.monotonic(), found=found)
                case ReadCause(server_id=server_id):
                    cause = await feed.cause(server_id, cloud)
                    return Done(began_at, self.monotonic(), cause=cause)
                case ReadHistory(server_id=server_id):
                    history = await feed.history(server_id, cloud)
                    return Done(began_at, self.monotonic(), history=history)
                case Resolve(reference=reference):
                    await feed.names.look_up(reference, cloud)
                    return self._done(began_at)
                case DryRun():
                    pass
        except OneCloudError as error:
            return self._failed(problem_of(error, doing=Doing.READ))
        except Untranslatable:
            return self._failed(Problem(Reason.PROVIDER_ERROR, "The cloud's answer does not name a server."))
        msg = "a dry run is sent by itself"
        raise AssertionError(msg)

    async def _find(self, cloud: Cloud, feed: Feed[Key], wanted: Find) -> tuple[Observed, ...]:
        if wanted.server_id is not None:
            row = await cloud.get_server(wanted.server_id)
            found = () if row is None else (observed_from_details(row),)
            # Wide rights show the servers of other projects, too, which no list of this one would follow.
            return tuple(server for server in found if server.project_id == feed.place.project_id)
        if wanted.name is None:
            return ()
        page = await cloud.list_servers(ServerQuery(names=(wanted.name,), details=True, limit=MAX_FOUND))
        rows = (observed_from_details(row) for row in page.rows)
        # The cloud compares without regard to case, and ignores a filter that it does not know.
        return tuple(islice((server for server in rows if server.name == wanted.name), MAX_FOUND))

    async def _write(self, facts: Facts, step: CloudWrite) -> Outcome:
        source, feed = self._reach()
        cloud = audited(source, facts, step)
        began_at = self.monotonic()
        server_id = step.creation.id if isinstance(step, Create) else step.server_id
        if isinstance(step, AsideWrite):
            return await self._write_aside(cloud, facts, step)
        try:
            reply = await CloudWriter(self.sessions, cloud, feed, source).send(facts, step)
        except OneCloudError as error:
            feed.wrote(server_id)
            spec = facts.resource.server_spec
            image = spec.image if spec is not None else None
            return self._failed(problem_of(error, doing=doing_of(step), image=image))
        ended_at = self.monotonic()
        if isinstance(reply, Problem):
            return self._failed(reply)
        feed.wrote(server_id)
        if reply is not None:
            with suppress(Untranslatable):  # the next poll shows what came of it
                feed.learn(reply, ended_at, written=True)
        return Done(began_at, ended_at)

    async def _write_aside(self, cloud: Cloud, facts: Facts, step: AsideWrite) -> Outcome:
        """Write to something else than the server, of which what was read still holds."""
        began_at = self.monotonic()
        try:
            await send_eip(cloud, facts, step)
        except OneCloudError as error:
            return self._failed(problem_of(error, doing=doing_of(step)))
        return self._done(began_at)

    async def _connect(self, facts: Facts, step: ConnectionWrite, began_at: float) -> Outcome:
        try:
            problem = await send_connection(self.cluster, reference_of(facts), self.cloud, step)
        except OneCloudError as error:
            problem = problem_of(error, doing=Doing.READ)
        return self._done(began_at) if problem is None else self._failed(problem)

    def _reach(self) -> tuple[Cloud, Feed[Key]]:
        if self.cloud is None or self.feed is None:
            msg = "a step needs the cloud, but there are no credentials: plan() must have held it"
            raise AssertionError(msg)
        return self.cloud, self.feed


def reference_of(facts: Facts) -> ObjectReference:
    """Return which version of which object was decided upon."""
    resource = facts.resource
    return ObjectReference(SERVER, resource.namespace, resource.name, resource.uid, resource.version)
