"""The page on rights has every right that a request of the operator needs, and what the platform answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onecloud_operator.onecloud import Collection, ServerQuery, disks, eips, named, protocol
from onecloud_operator.onecloud.errors import Call
from onecloud_operator.translate.rights import right_of
from sandbox.stage import ROOT
from tests.cloud.recorded import exchanges

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "rights.md").read_text()
FEATURES, ROLES = PAGE.split("## The platform's own roles")
NAMED = re.compile(r"`((?:compute|image):[a-z:-]+)`")
ROW = re.compile(
    r"^\| `([a-z:-]+)` \| (yes|no|not tried) \| (yes|no|not tried) \| (yes|no|not tried) \|$", re.MULTILINE
)
TOKENS = ("<TOKEN:labuser>", "<TOKEN:labeditor>", "<TOKEN:labviewer>")
ACTIONS = (
    "associate-eip",
    "attachdisk",
    "attachnetwork",
    "bind-groups",
    "cancel-delete",
    "change-bandwidth",
    "change-config",
    "change-ipaddr",
    "createdisk",
    "deploy",
    "detachdisk",
    "dissociate-eip",
    "detachnetwork",
    "rebuild-root",
    "resize-disk",
    "resume",
    "set-password",
    "set-secgroup",
    "start",
    "stop",
    "suspend",
    "syncstatus",
    "unbind-groups",
    "user-metadata",
)


def needed() -> set[str | None]:
    """Return the rights of all requests that the operator makes with a token."""
    requests = (
        protocol.list_servers(ServerQuery()),
        protocol.get_server("s"),
        protocol.create_server({"id": "s"}, dry_run=False),
        protocol.update_server("s", {}),
        protocol.delete_server("s", {}),
        protocol.list_events(marker=None, server_ids=(), actions=(), order="ASC", limit=1, fields=()),
        disks.get_disk("d"),
        disks.list_tagged("k", "v"),
        disks.update_disk("d", {}),
        disks.restore_disk("d"),
        disks.create_disk({"id": "d"}),
        disks.delete_disk("d"),
        disks.tag_disk("d", {}),
        eips.get_eip("e"),
        eips.create_eip({"id": "e"}),
        eips.delete_eip("e"),
        *(eips.perform("e", action, {}) for action in ("change-bandwidth", "user-metadata")),
        *(protocol.perform("s", action, None) for action in ACTIONS),
        *(named.list_named(collection, "n") for collection in Collection),
    )
    return {right_of(request.call()) for request in requests}


def recorded() -> Iterator[tuple[str, str, str]]:
    """Yield right, token and answer of the recorded exchanges."""
    for exchange in exchanges():
        parts = [part for part in exchange.path.split("/") if part and part != "v1"]
        if not parts or exchange.token not in TOKENS or "scope=system" in exchange.query:
            continue
        path = "/" + "/".join([parts[0], *(["{id}"] if len(parts) > 1 else []), *parts[2:]])
        right = right_of(Call(exchange.method, path))
        if right is not None and exchange.status in {200, 403}:
            yield right, exchange.token, "yes" if exchange.status == 200 else "no"


def test_every_right_that_is_needed_belongs_to_a_feature_and_has_its_row() -> None:
    assert set(NAMED.findall(FEATURES)) == needed()
    assert [row[0] for row in ROW.findall(ROLES)] == list(dict.fromkeys(row[0] for row in ROW.findall(ROLES)))
    assert {row[0] for row in ROW.findall(ROLES)} == needed()


def test_no_action_that_the_operator_sends_is_forgotten_here() -> None:
    known = {e.path.rpartition("/")[2] for e in exchanges() if e.method == "POST" and "/servers/" in e.path}
    writers = (ROOT / "operator" / "onecloud_operator" / "controller").glob("*_writer.py")
    sent = {word for path in writers for word in re.findall(r'"([a-z-]+)"', path.read_text())} & known
    assert len(sent) > 15
    assert sorted(sent) == sorted(sent & set(ACTIONS))


def test_what_a_role_may_do_is_what_the_platform_answered() -> None:
    answers = set(recorded())
    for right, *cells in ROW.findall(ROLES):
        for token, told in zip(TOKENS, cells, strict=True):
            found = {answer for one, by, answer in answers if (one, by) == (right, token)}
            # A user who may do it is refused where the request asks for more: another project, a dead token.
            seen = "yes" if "yes" in found else "no" if "no" in found else "not tried"
            assert (right, token, told) == (right, token, seen)
