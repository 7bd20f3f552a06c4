"""The OneCloud operator: servers declared in Kubernetes, made and kept in OneCloud."""

__version__ = "0.1.0"
