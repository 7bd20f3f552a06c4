"""Each manifest of a plan: placed, applied in a dry run, seen in the cloud, and what follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.identity import SERVER
from onecloud_operator.cli.cluster import NAME
from onecloud_operator.cli.dry_apply import applied, changed
from onecloud_operator.cli.failure import Failure, Refused
from onecloud_operator.cli.manifest_reading import Manifest
from onecloud_operator.cli.prospect import prospect
from onecloud_operator.cli.statuses import name_of, namespace_of, part
from onecloud_operator.cli.tenancy import Around, Neighbourhood

if TYPE_CHECKING:
    from onecloud_operator.cli.cloud_check import Said
    from onecloud_operator.cli.cluster import Cluster, Object

UNTOLD = "The server moves, or is not known yet: ask again once it rests."
SECONDS = 60.0  # for the cloud's answers, and for each object more
SECONDS_EACH = 2.0


@dataclass(slots=True)
class _Applied:
    """One object before (*live*) and after (*made*), None where there is none."""

    row: dict[str, Any]
    live: Object | None = None
    made: Object | None = None
    around: Around = field(default_factory=Around)
    said: Said | None = None


def placed(manifests: Sequence[Manifest], namespace: str) -> list[Manifest]:
    """Return the manifests with their namespaces. Raises Failure for two of one object."""
    found = list[Manifest]()
    seen = dict[tuple[str, str], str]()
    for each in manifests:
        given = part(each.body, "metadata")
        # As to kubectl, a namespace without a name is none.
        body = {**each.body, "metadata": {**given, "namespace": given.get("namespace") or namespace}}
        key = namespace_of(body), name_of(body)
        if not key[1]:
            raise Failure(
                f"{each.file}: an object has no metadata.name", "name it; generateName makes no plan"
            )
        for word in key:
            if NAME.fullmatch(word) is None:
                raise Failure(
                    f"{each.file}: {word[:64]!r} is no name that an object can have", "correct its metadata"
                )
        if key in seen:
            raise Failure(
                f"{key[0]}/{key[1]} stands in {seen[key]} and in {each.file}", "take one of them out"
            )
        seen[key] = each.file
        found.append(Manifest(each.file, body))
    return found


def rows(
    cluster: Cluster, manifests: Sequence[Manifest], *, manager: str, cloud: bool
) -> list[dict[str, Any]]:
    """Return a row for each manifest, as -o json prints it. Raises Failure."""
    around = Neighbourhood(cluster)
    found = [_applied(cluster, manifest, manager, around) for manifest in manifests]
    now = datetime.now(UTC)
    if cloud:
        _ask_clouds(cluster, [each for each in found if each.made is not None], now)
    return [_concluded(each, now) for each in found]


def _applied(cluster: Cluster, manifest: Manifest, manager: str, around: Neighbourhood) -> _Applied:
    namespace, name = namespace_of(manifest.body), name_of(manifest.body)
    row: dict[str, Any] = {
        "file": manifest.file,
        "namespace": namespace,
        "name": name,
        "action": "refused",
        "steps": [],
        "spec": [],
        "held": None,
        "message": "",
    }
    try:
        live = cluster.find(SERVER, namespace, name)
        made = applied(cluster, manifest.body, live, manager)
        return _Applied(row, live, made, around.of(made))
    except Refused as error:
        if error.status is None:
            raise
        return _Applied({**row, "message": str(error)})


def _ask_clouds(cluster: Cluster, found: Sequence[_Applied], now: datetime) -> None:
    """Note what the clouds say of each; one sign-in for all objects of the same credentials."""
    from onecloud_operator.cli.cloud import ask, own_credentials, read_credentials, secret_of
    from onecloud_operator.cli.cloud_check import check

    own = own_credentials()
    groups: defaultdict[tuple[str, str], list[_Applied]] = defaultdict(list)
    for each in found:
        groups[("", "") if own else secret_of(each.made or {}, each.around.seen)].append(each)
    for secret, group in groups.items():
        credentials = own or read_credentials(cluster, *secret)
        question = check([each.made or {} for each in group], now)
        seconds = SECONDS + SECONDS_EACH * len(group)
        answers = ask(credentials, question, own=own is not None, seconds=seconds)
        for each, said in zip(group, answers, strict=True):
            each.said = said


def _concluded(one: _Applied, now: datetime) -> dict[str, Any]:
    row, made, said = one.row, one.made, one.said
    if made is None:
        return row
    seen, names = (said.seen, said.names) if said is not None else (None, None)
    ahead = prospect(made, now, seen=seen, around=one.around, names=names)
    if one.live is not None:
        row["spec"] = list(changed(one.live, made))
    if ahead.held is not None:
        row["held"] = {"reason": str(ahead.held.reason), "message": ahead.held.message}
    row["steps"] = [
        {"field": step.field, "from": step.before, "to": step.after, "effect": step.effect.value}
        for step in ahead.steps or ()
    ]
    if said is not None and said.refusal:
        return {**row, "message": f"by the cloud: {said.refusal}"}
    if one.live is None:
        return {**row, "action": "create"}
    if said is not None and said.remark:
        return {**row, "action": "unknown", "message": said.remark}
    if ahead.steps is None:
        return {**row, "action": "unknown", "message": UNTOLD}
    return {**row, "action": "change" if row["steps"] or row["spec"] or row["held"] else "none"}
