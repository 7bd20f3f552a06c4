"""What a pass comes to, whatever the kind of its object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.reasons import EventReason, Reason

MemoryT = TypeVar("MemoryT")


@fast_dataclass(frozen=True, slots=True)
class KubeEvent:
    """
    A Kubernetes Event to post; *kind*: Normal or Warning.

    *once*: what it tells of, so that it is there once though it is posted again by another process.
    """

    kind: str
    reason: Reason | EventReason
    message: str
    once: str | None = None


@fast_dataclass(frozen=True, slots=True)
class LogLine:
    """*fields*: beside the message; never a value that could be secret."""

    level: Literal["DEBUG", "INFO", "WARNING"]
    message: str
    fields: Mapping[str, str | None]


@fast_dataclass(frozen=True, slots=True)
class Counted:
    """What the metrics count: the kind of a step that was taken, and the reason of its refusal."""

    step: str
    refusal: Reason | None = None


@fast_dataclass(frozen=True, slots=True)
class Conclusion(Generic[MemoryT]):
    """
    *memory*: once *status* is written, or if None is to be; *unwritten*: until then, and if it is not.

    *again*: another pass can follow at once. Else *requeue_after* are the seconds until the next one at the
    latest; None: something is heard of it.
    """

    memory: MemoryT
    unwritten: MemoryT
    status: Mapping[str, Any] | None = None
    again: bool = False
    requeue_after: float | None = None
    log: LogLine | None = None
    event: KubeEvent | None = None
    counted: Counted | None = None
