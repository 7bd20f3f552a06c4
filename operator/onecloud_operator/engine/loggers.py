"""The names of the operator's loggers, by what their messages are about and not by module."""

from __future__ import annotations

from typing import Final

SERVERS: Final = "onecloud_operator.servers"  # steps towards a spec, and what keeps an object from them
CLOUD: Final = "onecloud_operator.cloud"  # reading the cloud, and its providers
KUBERNETES: Final = "onecloud_operator.kubernetes"  # reading the Kubernetes API, the CRD, permissions
ELECTION: Final = "onecloud_operator.election"
PROCESS: Final = "onecloud_operator.process"  # start, stop, internal faults
AUDIT: Final = "onecloud.audit"  # one line for each call that changes a cloud; not below the others

# Attribute of a record that may be written as one with others of its reason.
GATHERED: Final = "gathered"
