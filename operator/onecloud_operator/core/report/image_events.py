"""The Events of a rebuild: what is lost before it begins, and that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.conclusion import KubeEvent
from onecloud_operator.core.image_record import image_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def image_events(old: Mapping[str, Any], new: Mapping[str, Any], server: str) -> Iterator[KubeEvent]:
    """Yield what two statuses in a row tell of the root disk of *server*; a repeated call is no news."""
    before, after = image_in(old.get("image")), image_in(new.get("image"))
    was, now = before.rebuild if before else None, after.rebuild if after else None
    if now is not None and (
        was is None or (was.text, was.id, was.request) != (now.text, now.id, now.request)
    ):
        message = (
            f"Rebuilding: the root disk of server {server} is made anew of image {now.text} ({now.id}); what "
            "is on it is lost."
        )
        yield KubeEvent("Warning", EventReason.REBUILDING, message)
    if was is not None and after is not None and (after.text, after.id) == (was.text, was.id) and now is None:
        message = f"The root disk of server {server} is of image {was.text} ({was.id}) by now."
        yield KubeEvent("Normal", EventReason.REBUILT, message)
