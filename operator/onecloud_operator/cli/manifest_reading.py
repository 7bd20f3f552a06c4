"""Manifests of OneCloudServers out of files, directories or the standard input, within bounds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml

from onecloud_operator.api.identity import SERVER
from onecloud_operator.cli.failure import Failure

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
MOST_FILES: Final = 10_000
MOST_BYTES: Final = 8 * 2**20  # of one file
MOST_NODES: Final = 200_000  # of one document, as it is when its aliases are written out
MOST_DEPTH: Final = 100
CURE: Final = "correct the file; `kubectl apply --dry-run=client -f FILE` reads it, too"
# YAML's own C parser, where it was built: of 1,000 manifests it takes 1 s instead of 10.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and the file that it stands in."""

    file: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Manifests:
    """What was found. *others*: documents of other kinds, which are passed over."""

    servers: tuple[Manifest, ...]
    others: int


def read_manifests(paths: list[str], *, recursive: bool) -> Manifests:
    """Return the manifests in *paths*, where ``-`` is the standard input. Raises Failure."""
    servers, others = list[Manifest](), 0
    for file, text in _texts(paths, recursive=recursive):
        for body in _documents(file, text):
            if body.get("kind") == SERVER.kind and str(body.get("apiVersion")).startswith(f"{SERVER.group}/"):
                servers.append(Manifest(file, body))
            else:
                others += 1
    return Manifests(tuple(servers), others)


def _texts(paths: list[str], *, recursive: bool) -> Iterator[tuple[str, str]]:
    count = 0
    for path in paths:
        for file in _files(path, recursive=recursive):
            count += 1
            if count > MOST_FILES:
                raise Failure(f"{path}: there are more than {MOST_FILES} files", "name a narrower directory")
            yield file, _text(file)


def _files(path: str, *, recursive: bool) -> Iterator[str]:
    if path == "-" or not Path(path).is_dir():
        yield path
        return
    found = Path(path).rglob("*") if recursive else Path(path).iterdir()
    yield from (str(each) for each in sorted(found) if each.suffix in SUFFIXES and each.is_file())


def _text(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise Failure(f"{file} is larger than {MOST_BYTES // 2**20} MiB")
        return data.decode()
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}", "name a file or directory by -f") from None
    except UnicodeDecodeError:
        raise Failure(f"{file} is not UTF-8 text", CURE) from None


def _documents(file: str, text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a file; those of a List one by one."""
    try:
        _bound(file, text)
        for document in yaml.load_all(text, Loader=_Loader):
            if document is None:
                continue
            if not isinstance(document, dict):
                raise Failure(f"{file}: a document is no object", CURE)
            _need_json(file, document)
            items = document.get("items") if str(document.get("kind", "")).endswith("List") else None
            listed = items if isinstance(items, list) else [document]
            yield from (each for each in listed if isinstance(each, dict))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise Failure(
            f"{file}{where}: this is no YAML: {getattr(error, 'problem', None) or type(error).__name__}", CURE
        ) from None


class _Loader(LOADER):  # type: ignore[misc, valid-type]
    """As kubectl reads YAML: what looks like a time is a text."""

    yaml_implicit_resolvers: ClassVar = {
        letter: [each for each in found if each[0] != "tag:yaml.org,2002:timestamp"]
        for letter, found in LOADER.yaml_implicit_resolvers.items()
    }


@dataclass(slots=True)
class _Node:
    """What a part of a document is once its aliases are written out."""

    anchor: str | None = None
    values: int = 1
    depth: int = 0


def _bound(file: str, text: str) -> None:
    """
    Raise Failure for a document that is deeper, or stands for more, than anybody would write.

    What is told of it one by one is counted before anything is built: to build it may take all memory.
    """
    stack: list[_Node] = []
    known: dict[str, _Node] = {}
    for event in yaml.parse(text, Loader=LOADER):
        match event:
            case yaml.DocumentStartEvent():
                stack, known = [_Node()], {}
                continue
            case yaml.CollectionStartEvent():
                stack.append(_Node(event.anchor))
                done = None
            case yaml.CollectionEndEvent():
                done = stack.pop()
            case yaml.ScalarEvent():
                done = _Node(event.anchor)
            case yaml.AliasEvent():
                if (done := known.get(event.anchor or "")) is None:
                    raise Failure(f"{file}: *{event.anchor} stands for itself, or for nothing", CURE)
            case _:
                continue
        if done is not None:
            if done.anchor is not None:
                known[done.anchor] = done
            top = stack[-1]
            top.values, top.depth = top.values + done.values, max(top.depth, done.depth + 1)
        if stack[-1].values > MOST_NODES:
            raise Failure(f"{file}: a document has more than {MOST_NODES} values", "write out its aliases")
        if len(stack) + stack[-1].depth > MOST_DEPTH:
            raise Failure(f"{file}: a document is more than {MOST_DEPTH} levels deep", CURE)


def _need_json(file: str, document: object) -> None:
    """Raise Failure for what YAML can say and JSON cannot, such as bytes or a set."""
    try:
        json.dumps(document)
    except TypeError as error:
        raise Failure(f"{file}: this is nothing that an object can have: {error}", CURE) from None
