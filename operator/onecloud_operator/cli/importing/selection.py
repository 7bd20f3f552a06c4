"""Which servers of a project are imported, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from onecloud_operator.core.observed import DELETING_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.observed import Observed, Owner

SHOWN: Final = 64  # characters of a text of the cloud in a message
PLACEMENT: Final = "placement"


@dataclass(frozen=True, slots=True)
class Selection:
    """
    What is asked for: all of it must hold, but of several names, networks or hosts one is enough.

    *names*: of servers, with ``*`` and ``?``, or their ids. *tags*: key and value, None for any. *networks*:
    ids. *hosts*: names or ids. Letters count without their case, as in the cloud.
    """

    names: tuple[str, ...] = ()
    tags: tuple[tuple[str, str | None], ...] = ()
    networks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def takes(self, server: Observed) -> bool:
        """Return whether *server*, which must be detailed for tags and networks, is asked for."""
        return (
            self._named(server)
            and self._tagged(server)
            and self._in_network(server)
            and self._on_host(server)
        )

    def _named(self, server: Observed) -> bool:
        name = server.name.casefold()
        return not self.names or any(
            fnmatchcase(name, each.casefold()) or each.casefold() == server.id for each in self.names
        )

    def _tagged(self, server: Observed) -> bool:
        tags = server.details.tags if server.details is not None else {}
        have = {key.casefold(): value for key, value in tags.items()}
        return all(
            key.casefold() in have and value in {None, have[key.casefold()]} for key, value in self.tags
        )

    def _in_network(self, server: Observed) -> bool:
        nics = server.details.nics if server.details is not None else ()
        have = {nic.network_id.casefold() for nic in nics}
        return not self.networks or not have.isdisjoint(each.casefold() for each in self.networks)

    def _on_host(self, server: Observed) -> bool:
        placement = server.mirror.get(PLACEMENT, {})
        have = {str(placement.get(name, "")).casefold() for name in ("host", "hostID")} - {""}
        return not self.hosts or not have.isdisjoint(each.casefold() for each in self.hosts)


def left_out(server: Observed, orphaned: Callable[[Owner], bool]) -> str | None:
    """
    Return why no manifest can be written for *server* now, None if one can.

    *orphaned*: whether an owner is known to be no object any more.
    """
    if server.recycled:
        return "it is in the recycle bin; restore it first, or adopt it with adoption.restore"
    if server.status in DELETING_STATUSES:
        return "it is being deleted"
    if (owner := server.owner) is not None and not orphaned(owner):
        return f"it is owned by {owner} already"
    if not server.project_id:
        return "the cloud does not show of which project it is"
    if server.details is None:
        return "its details could not be read; try again"
    if not server.phase.stable:
        return f"it does not rest ({server.status[:SHOWN] or 'no state'}); once it runs or is off, try again"
    return None
