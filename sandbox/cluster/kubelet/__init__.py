"""A node whose containers are processes of this machine, so that a chart can be tested as installed."""

from .images import Image
from .node import Kubelet

__all__ = ["Image", "Kubelet"]
