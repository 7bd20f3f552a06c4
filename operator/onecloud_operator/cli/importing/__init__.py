"""Servers of a project as manifests, for `kubectl onecloud import`."""
