"""Elastic addresses (EIPs): rows that outlive the servers which they are bound to."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, eq=False)
class ElasticAddress:
    """
    One EIP.

    *address* is empty until the task of its creation took one. With *auto_dellocate* (as the cloud spells it)
    it goes with the server that it is bound to.
    """

    id: str
    name: str
    address: str
    guest_id: str | None = None
    network_id: str = ""
    project_id: str = ""
    bandwidth: int = 30
    charge_type: str = "bandwidth"
    status: str = "ready"
    auto_dellocate: bool = False
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 3
    gone: bool = False
