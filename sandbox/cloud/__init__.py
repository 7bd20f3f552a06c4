"""
A simulated OneCloud: keystone, region and glance on one loopback port, as unkind as the recorded ones.

In a test::

    async with running_cloud(step_seconds=0.02) as cloud:
        cloud.secret()                         # OS_AUTH_URL, OS_USERNAME, … of labuser in project lab
        cloud.auth_url, cloud.url              # http://127.0.0.1:<port>/v3 and the catalog's compute URL
        cloud.fault("answer", "POST", "^/servers$", status=503, count=2)
        cloud.lose_answer("POST", "^/servers$")          # the work is done, the connection is cut
        cloud.fault("hang" | "reset" | "truncate" | "garbage" | "huge", "GET", "^/servers")
        cloud.fault("pass", path="^/servers", latency_seconds=0.5, count=None)
        cloud.fail_next("create", "sched_fail", "no room")   # and start, stop, delete, change-config, …
        cloud.hang_at("starting"); cloud.release()           # tasks that stop for ever, and go on
        cloud.set_host(online=False)                         # its servers turn unknown
        cloud.settings.keystone_down = True                  # also glance_down, database_down, quota,
                                                             # scheduler_down, lists_empty, recycle_bin, …
        cloud.world.events.enabled = False; cloud.settings.events_forbidden = True
        cloud.revoke_tokens(); cloud.expire_tokens(); cloud.set_password("labuser", "…")
        cloud.seed(10_000); ident = cloud.add_server("legacy", status="ready")
        cloud.change(ident, name="x"); cloud.power(ident, on=False); cloud.set_tags(ident, {"user:a": "b"})
        cloud.recycle(ident); cloud.restore(ident); cloud.erase(ident); cloud.erase_all()
        cloud.disks(), cloud.find_disk(ident); cloud.recycle_disk(ident); cloud.restore_disk(ident)
        cloud.clean_bin()                                    # as the bin's cleaner, three days later
        cloud.rename_image("ubuntu-22.04", "old")            # told=True: region shows the new name, too
        cloud.delete_image("tiny"); cloud.rename_keypair("ops", "x"); cloud.rename_network("vnet-1", "x")
        cloud.add_network("vnet-1", first="10.9.0.2", last="10.9.0.9")   # a name that two things have;
        cloud.add_secgroup("db"); cloud.add_keypair("ops"); cloud.add_image("tiny"); cloud.add_zone("zone1")
        cloud.find(ident), cloud.servers(), cloud.statuses(ident)
        cloud.reset_calls(); cloud.counts                    # {"GET /servers": 3, "POST /servers": 1}
        [str(call) for call in cloud.calls]                  # ["POST /v3/auth/tokens", "POST /servers", …]

The same from outside: ``POST <url>/_control/<method>`` with the arguments as a JSON object, the answer
under ``result``; besides the methods above ``settings`` (changes fields, returns all), ``step_seconds``,
``counts``, ``calls``, ``silent`` (requests that hang), ``delayed``. As a process:
``python -m sandbox.cloud --port 0 --step 0.3 --servers 100``.
"""

from .control import Control
from .faults import Fault
from .serve import running_cloud
from .world import Settings, World

__all__ = ["Control", "Fault", "Settings", "World", "running_cloud"]
