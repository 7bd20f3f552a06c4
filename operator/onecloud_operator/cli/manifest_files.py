"""A directory of manifests, one file each: what a person has changed there is not written over unasked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from onecloud_operator.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["written", "unchanged", "kept"]


@dataclass(frozen=True, slots=True)
class File:
    """What became of one file; *kept*: it was there with other content, and still is."""

    path: Path
    state: State


def write(directory: Path, contents: Mapping[str, str], *, overwrite: bool) -> list[File]:
    """Write each of *contents* to the file of its name; a crash leaves no half of one. Raises Failure."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return [_write(directory / name, text, overwrite=overwrite) for name, text in contents.items()]
    except (OSError, UnicodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        where = getattr(error, "filename", None) or directory
        raise Failure(f"{where}: {what}", "name a directory that you may write to by -d") from error


def _write(path: Path, text: str, *, overwrite: bool) -> File:
    if path.exists():
        if path.read_text(encoding="utf-8") == text:
            return File(path, "unchanged")
        if not overwrite:
            return File(path, "kept")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return File(path, "written")
