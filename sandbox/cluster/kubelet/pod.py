"""One Pod: its containers, and the status that they add up to."""

import dataclasses
from typing import Any

from sandbox.cluster.kube import Object

from .container import GRACE_SECONDS, Container
from .environment import ADDRESS, Sources
from .host import Host, stamp
from .volumes import Volumes


class Pod:
    """A Pod of this node, from its binding to its end."""

    def __init__(self, host: Host, found: Object) -> None:
        metadata, spec = found["metadata"], found["spec"]
        self.namespace: str = metadata["namespace"]
        self.name: str = metadata["name"]
        self.uid: str = metadata["uid"]
        self.reported: Object | None = None
        directory = host.directory / f"{self.namespace}.{self.name}.{self.uid}"
        directory.mkdir(mode=0o700)
        own = dataclasses.replace(host, directory=directory)
        sources = Sources(host.kube, found)
        volumes = Volumes(sources, directory / "volumes")
        policy = spec.get("restartPolicy", "Always")
        once = "Never" if policy == "Never" else "OnFailure"
        self._policy = policy
        self._started = stamp()
        self._changed: dict[str, tuple[str, str]] = {}
        self.containers = [Container(own, sources, volumes, each, policy) for each in spec["containers"]]
        self._first = [
            Container(own, sources, volumes, each, once) for each in spec.get("initContainers") or ()
        ]

    @property
    def initialized(self) -> bool:
        """Whether all that comes before has ended well."""
        return all(container.exit_code == 0 for container in self._first)

    def step(self, now: float) -> None:
        """Do what is due for its containers."""
        for container in self._first:
            if container.exit_code is None:
                container.step(now)
                return
            if container.exit_code != 0:
                return
        for container in self.containers:
            container.step(now)

    def stop(self, found: Object, now: float) -> bool:
        """End it as its deletion asks; return whether nothing runs any more."""
        asked = found["metadata"].get("deletionGracePeriodSeconds")
        grace = GRACE_SECONDS if asked is None else float(asked)
        ended = [
            container.stop(now, grace) for container in (*self._first, *self.containers)
        ]  # all are asked
        return all(ended)

    def kill(self) -> None:
        """End it at once."""
        for container in (*self._first, *self.containers):
            container.kill()

    def status(self) -> Object:
        """Return the status of the Pod."""
        ready = self.initialized and all(container.ready for container in self.containers)
        phase = self._phase()
        done = "PodCompleted" if phase == "Succeeded" else None
        unready = done or "ContainersNotReady"
        made: Object = {
            "phase": phase,
            "hostIP": ADDRESS,
            "podIP": ADDRESS,
            "podIPs": [{"ip": ADDRESS}],
            "startTime": self._started,
            "conditions": [
                self._condition("PodScheduled", true=True),
                self._condition(
                    "Initialized", true=self.initialized, reason=done or "ContainersNotInitialized"
                ),
                self._condition("ContainersReady", true=ready, reason=unready),
                self._condition("Ready", true=ready, reason=unready),
            ],
            "containerStatuses": [container.status() for container in self.containers],
        }
        if self._first:
            made["initContainerStatuses"] = [container.status() for container in self._first]
        return made

    def _phase(self) -> str:
        if any(container.exit_code for container in self._first):
            return "Failed"
        codes = [container.exit_code for container in self.containers]
        if all(code is not None for code in codes):
            return "Failed" if any(codes) else "Succeeded"
        begun = any(
            container.process or container.restarts or container.exit_code is not None
            for container in self.containers
        )
        return "Running" if begun else "Pending"

    def _condition(self, kind: str, *, true: bool, reason: str | None = None) -> dict[str, Any]:
        status = "True" if true else "False"
        if self._changed.get(kind, ("", ""))[0] != status:
            self._changed[kind] = (status, stamp())
        made = {"type": kind, "status": status, "lastTransitionTime": self._changed[kind][1]}
        return made if true or reason is None else {**made, "reason": reason}
