"""
The border between the cloud's words and ours: wire names, words and units stop here.

Nothing here does I/O or reads a clock.
"""

from .card_requests import attach_network, change_address, change_bandwidth, one_card, one_group
from .disk_requests import disk_body, disk_tags, disk_to_add, disk_to_leave
from .eip_requests import bind_eip, eip_bandwidth, eip_body, eip_state, unbind_eip
from .error_row import Doing
from .from_status import recall
from .image_requests import rebuild_root
from .login_requests import deploy_keypair, deploy_password, set_password
from .lookup import answer_of, collection_of, unknown_of
from .problems import problem_of
from .requests import (
    change_config,
    create_body,
    detach_disk,
    resize_disk,
    security_groups,
    tags,
    update_changes,
)
from .to_observed import (
    NAME_TAG,
    OWNER_TAGS,
    Untranslatable,
    carried_over,
    disk_state,
    observed_from_details,
    observed_from_row,
    owner_tags,
)
from .to_status import mirror_of

__all__ = [
    "NAME_TAG",
    "OWNER_TAGS",
    "Doing",
    "Untranslatable",
    "answer_of",
    "attach_network",
    "bind_eip",
    "carried_over",
    "change_address",
    "change_bandwidth",
    "change_config",
    "collection_of",
    "create_body",
    "deploy_keypair",
    "deploy_password",
    "detach_disk",
    "disk_body",
    "disk_state",
    "disk_tags",
    "disk_to_add",
    "disk_to_leave",
    "eip_bandwidth",
    "eip_body",
    "eip_state",
    "mirror_of",
    "observed_from_details",
    "observed_from_row",
    "one_card",
    "one_group",
    "owner_tags",
    "problem_of",
    "rebuild_root",
    "recall",
    "resize_disk",
    "security_groups",
    "set_password",
    "tags",
    "unbind_eip",
    "unknown_of",
    "update_changes",
]
