"""One object in Kubernetes: what is stored, what the operator has heard of it, and writes that go wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.records import believed, records_of
from onecloud_operator.core.resource import FINALIZER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.spec import Spec
    from onecloud_operator.core.resource import Resource


class NotWritten(Exception):
    """The API server did not say that it took a write; it may have done so."""


@dataclass
class Cluster:
    """
    *stored* is the truth, *heard* what the watch told last; while it is *late*, nothing is heard by itself.

    *mood* is what becomes of a write: ``well``, ``refused`` (422), ``unsent`` (no answer, not done), ``lost``
    (no answer, done, and not heard of either). A write to a version that is not the newest is a 409.
    """

    stored: Resource
    heard: Resource
    mood: str = "well"
    late: bool = False
    writes: int = 0

    @property
    def released(self) -> bool:
        """Say whether the object is gone: it was to be deleted, and nothing holds it any more."""
        return self.stored.deleting and FINALIZER not in self.stored.finalizers

    def edit(self, **changes: Any) -> None:
        """Change the object with another hand than the operator's."""
        self._store(**changes)
        self.listen()

    def respec(self, spec: Spec) -> None:
        """Give the object another spec."""
        self.edit(spec=spec, generation=self.stored.generation + 1)

    def listen(self) -> None:
        """Let the watch tell what there is to tell."""
        if not self.late:
            self.heard = self.stored

    def write_status(self, status: Mapping[str, Any]) -> None:
        """Write the status, as decided on the version heard. Raises NotWritten."""
        known = believed(records_of(status), self.heard.uid, deleting=self.heard.deleting)
        self._write(status=status, records=known)

    def hold(self) -> None:
        """Set the finalizer. Raises NotWritten."""
        self._write(finalizers=(*self.heard.finalizers, FINALIZER))

    def release(self) -> None:
        """Take the finalizer off. Raises NotWritten."""
        self._write(finalizers=tuple(name for name in self.heard.finalizers if name != FINALIZER))

    def _write(self, **changes: Any) -> None:
        self.writes += 1
        if self.mood == "refused" or (self.mood != "unsent" and self.heard.version != self.stored.version):
            self.heard = self.stored  # it is read again after a 409 or 422
            raise NotWritten
        if self.mood == "unsent":
            raise NotWritten
        self._store(**changes)
        if self.mood == "lost":
            raise NotWritten
        self.heard = self.stored

    def _store(self, **changes: Any) -> None:
        self.stored = replace(self.stored, version=str(int(self.stored.version) + 1), **changes)
