"""How many objects have a server in which project, and what they name; kept, so that asking is cheap."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Project = tuple[str, str, str]  # URL of the sign-in, region, id
ALL = ""  # no namespace is called so


class Home(NamedTuple):
    """Where the server of an object is on record. *provider*: which one it names, "" if a Secret."""

    project: Project | None
    provider: str


class ByPlace:
    """
    One for a kind.

    What an object names can be edited by whoever may write it; where its server is stands in the status.
    """

    def __init__(self) -> None:
        self._at: dict[Project | None, dict[str, Counter[str]]] = {}

    def count(self, namespace: str, home: Home, one: int) -> None:
        """Count an object (1), or no longer (-1)."""
        names = self._at.setdefault(home.project, {})
        counts = names.setdefault(home.provider, Counter())
        for which in (ALL, namespace):
            counts[which] += one
            if not counts[which]:
                del counts[which]
        if not counts:
            del names[home.provider]
        if not names:
            del self._at[home.project]

    def taken(
        self, provider: str, project: Project | None, namespace: str, serves: Callable[[str, str], bool]
    ) -> tuple[int, int]:
        """
        Return how many servers *provider* has in *project*, in all and in *namespace*.

        Those of objects that name something else by now are among them, unless that *serves* them: a
        provider, and a namespace. Where a server is not on record, what its object names counts.
        """
        total, here = self._under(provider, None, namespace)
        if project is None:
            return total, here
        for name, counts in self._at.get(project, {}).items():
            if name == provider:
                total, here = total + counts[ALL], here + counts[namespace]
                continue
            strays = {where: count for where, count in counts.items() if where and not serves(name, where)}
            total, here = total + sum(strays.values()), here + strays.get(namespace, 0)
        return total, here

    def _under(self, provider: str, project: Project | None, namespace: str) -> tuple[int, int]:
        counts = self._at.get(project, {}).get(provider)
        return (counts[ALL], counts[namespace]) if counts is not None else (0, 0)
