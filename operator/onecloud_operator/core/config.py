"""The settings of the operator that decisions depend on, as a value; `options` makes it."""

from __future__ import annotations

from onecloud_operator.core.fast_dataclass import fast_dataclass


@fast_dataclass(frozen=True, slots=True)
class Config:
    """Settings of the operator that decisions depend on. Times in seconds."""

    cluster: str = "default"  # which cluster's objects own a server; part of the owner tags
    name_prefix: str = ""  # before generated names, for clusters that share one cloud
    hung_seconds: float = 600.0  # moving for longer: ask the cloud to look again
    post_settle_seconds: float = 180.0  # a POST that timed out may still insert its row
    burnt_seconds: float = 60.0  # between the two POSTs that prove an id used up
    delete_again_seconds: float = 60.0  # a DELETE starts a task each time, so it is not repeated sooner
    retry_create_first_seconds: float = 30.0
    retry_create_max_seconds: float = 600.0
    mass_deletion_floor: int = 20  # as many of a project's servers may be asked away within ten minutes
    mass_deletion_percent: float = 20.0  # or as large a part of them
    connection_secrets: bool = False  # whether Secrets may be written
    expiring_days: int = 7
    secret_seconds: float = 60.0  # a Secret, and whether it signs in, is tried again after this at the latest
