"""What may happen to the image of a server, in any order, and what must hold of its root disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.records import believed, records_of
from onecloud_operator.core.references import Kind, Reference, Resolved
from tests.core.fixtures import spec

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from tests.core.cloud import Row
    from tests.core.world import World

IMAGES = ("ubuntu-22.04", "debian-12")
DEBIAN = Reference(Kind.IMAGE, "debian-12")


class ImageRules:
    """Part of the machine: a root disk is made anew once for an edit, or a request, and never without."""

    world: World
    base: dict[str, Any]
    policies: dict[str, Any]

    @property
    def row(self) -> Row | None:
        """Return the server that the story is about."""
        raise NotImplementedError

    @rule(image=st.sampled_from(IMAGES))
    def the_user_edits_the_image(self, image: str) -> None:
        self.world.cloud.named.setdefault(DEBIAN, Resolved("image-9"))
        wanted = {**self.base, "image": image}
        if image != self.base.get("image", IMAGES[0]):
            self._edits().append(self.world.cluster.stored.generation + 1)
        self.base = wanted
        self.world.cluster.respec(spec(self.base, **self.policies))

    @rule(number=st.integers(1, 5))
    def the_user_asks_for_another_try(self, number: int) -> None:
        self.world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: str(number)})

    @rule(fate=st.sampled_from(["rebuild_root_fail", "deploy_fail", None, None]))
    def rebuilds_end_like_this(self, fate: str | None) -> None:
        self.world.cloud.rebuild_fate = fate

    @rule(image_id=st.sampled_from(["image-9", "image-10"]))
    def the_name_of_an_image_gets_another_meaning(self, image_id: str) -> None:
        self.world.cloud.named[DEBIAN] = Resolved(image_id)
        self.world.names.clear()

    @precondition(lambda self: self.row is not None)
    @rule()
    def somebody_rebuilds_the_root_disk(self) -> None:
        assert self.row is not None
        disks = self.row.details.disks
        made = (disk if disk.index else replace(disk, image_id="image-7") for disk in disks)
        self.row.change(disks=tuple(made))

    @rule()
    def the_record_of_the_image_is_lost(self) -> None:
        stored = self.world.cluster.stored
        status = {key: value for key, value in stored.status.items() if key != "image"}
        known = believed(records_of(status), stored.uid, deleting=stored.deleting)
        if status and "image" in stored.status:
            self.world.cluster.edit(status=status, records=known)

    @invariant()
    def no_root_disk_is_made_anew_but_once_for_an_edit(self) -> None:
        for row in self.world.cloud.rows.values():
            asked = [
                (sum(edit <= generation for edit in self._edits()), request)
                for generation, request in row.rebuilt_for
            ]
            assert len(set(asked)) == len(asked), "rebuilt twice for one edit"
            assert all(edits for edits, _ in asked), "rebuilt without an edit"

    def _edits(self) -> list[int]:
        """Return the generations with which the image's text changed."""
        found: list[int] = self.__dict__.setdefault("image_edits", [])
        return found

    def image_open(self) -> bool:
        """Say whether an edit of the image is not carried out."""
        stored = self.world.cluster.stored
        wanted, record = stored.spec and stored.spec.server, stored.records.image
        return bool(wanted and record and wanted.image not in {None, record.text})

    def image_held(self, step: Step | None) -> bool:
        """Say whether *step* rightly does nothing about an image: of an adopted server the first one."""
        adopted = self.world.cluster.stored.records.creation is None
        return isinstance(step, Hold) and step.reason == "ImmutableField" and adopted
