"""
A node whose containers are processes of this machine, so that a chart can be tested as installed.

What is real: the Pod's command, arguments and environment (service links too), its volumes, the token of its
ServiceAccount where client libraries look for it (in a mount namespace of the process alone, so that /var/run
of the machine stays as it is), probes, restarts, grace periods, status, ``kubectl logs``. What is not: images
are names for local commands, nothing is isolated but mounts, every Pod has 127.0.0.1, and a container's first
port is another one; security contexts, resources and affinities are not looked at.
"""

from .images import Image
from .node import Kubelet, KubeletError

__all__ = ["Image", "Kubelet", "KubeletError"]
