"""The hand behind the curtain: everything that a test or a demonstration does to the cloud beside its API."""

import copy
import uuid
from datetime import timedelta
from typing import Any

from . import defaults
from .app import App
from .control_parts import PartsControl
from .details import details
from .errors import not_found
from .events import PLATFORM
from .faults import Effect, Fault
from .guests import Guest
from .identity import ROLE_NAMES, Role, User
from .journal import Call
from .seeds import settled
from .tasks import Walk
from .times import row_time
from .walks import start, stop
from .world import Fate, Settings, utc_now


class Control(PartsControl):
    """One running cloud. Methods that change servers do so out of band: at once, as the platform itself."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._lost: list[Guest] = []

    @property
    def settings(self) -> Settings:
        """What is broken or unusual in this cloud; change its fields at any time."""
        return self.world.settings

    @property
    def url(self) -> str:
        """Return the compute address, as the catalog gives it."""
        return self.world.base_url

    @property
    def auth_url(self) -> str:
        return self.world.base_url + "/v3"

    def secret(self, user: str = "labuser", project: str = "lab") -> dict[str, str]:
        """Return the values of a credentials Secret, in the words of the cloud's shell file."""
        return {
            "OS_AUTH_URL": self.auth_url,
            "OS_USERNAME": user,
            "OS_PASSWORD": self.user(user).password,
            "OS_PROJECT_NAME": project,
            "OS_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN": "Default",
            "OS_REGION_NAME": self.world.region,
            "OS_ENDPOINT_TYPE": "public",
        }

    def access_key_secret(self) -> dict[str, str]:
        """Return a Secret that signs in with labuser's access key."""
        return {
            "OS_AUTH_URL": self.auth_url,
            "OS_ACCESS_KEY": defaults.ACCESS_KEY,
            "OS_SECRET_KEY": defaults.ACCESS_PHRASE,
            "OS_REGION_NAME": self.world.region,
        }

    # --- calls and faults

    def fault(self, effect: Effect = "answer", method: str = "*", path: str = "", **more: Any) -> Fault:
        """Add a fault (see ``faults.Fault`` for *more*) and return it; its ``hits`` count."""
        return self.app.faults.add(Fault(effect, method, path, **more))

    def lose_answer(self, method: str, path: str, *, count: int | None = 1, skip: int = 0) -> Fault:
        """Carry the call out, then cut the connection without a word."""
        return self.fault("reset", method, path, count=count, skip=skip, work=True)

    def set_clock(self, ahead_seconds: float) -> None:
        """Let the cloud's clock be that far ahead of the real one, or behind it."""
        self.world.clock = lambda: utc_now() + timedelta(seconds=ahead_seconds)

    def clear_faults(self) -> None:
        """Let every call be answered and every task end well, from now on."""
        self.app.faults.clear()
        self.world.fates.clear()

    @property
    def calls(self) -> list[Call]:
        """Return the calls since the last reset, oldest first; ``str(call)`` is ``POST /servers``."""
        return list(self.app.journal.calls)

    @property
    def counts(self) -> dict[str, int]:
        """Return how often each method and path template was called: ``{"GET /servers/{id}": 3}``."""
        return dict(self.app.journal.counts)

    @property
    def silent(self) -> int:
        """Return how many requests wait right now for an answer that never comes."""
        return self.app.silent

    @property
    def delayed(self) -> int:
        """Return how many requests wait right now for what a fault makes late."""
        return self.app.delayed

    @property
    def region_cpu_ms(self) -> float:
        """Return about how much CPU these calls would have cost the real region."""
        return self.app.journal.region_cpu_ms

    def reset_calls(self) -> None:
        self.app.journal.reset()

    # --- accounts

    def user(self, name: str) -> User:
        return next(user for user in self.world.identity.users.values() if user.name == name)

    def add_project(self, name: str) -> str:
        """Add a project and return its id."""
        domain = self.world.identity.domains["default"]
        return self.world.identity.add_project(uuid.uuid4().hex, name, domain).id

    def add_user(self, name: str, password: str, roles: dict[str, Role]) -> None:
        """Add a user; *roles* are by project name or id. Raises ValueError for a role that is none."""
        if wrong := sorted(set(roles.values()) - set(ROLE_NAMES)):
            msg = f"no role: {', '.join(wrong)}; one of {', '.join(ROLE_NAMES)}"
            raise ValueError(msg)
        identity = self.world.identity
        found = {project.id: role for key, role in roles.items() if (project := identity.project(key))}
        identity.add_user(uuid.uuid4().hex, name, password, identity.domains["default"], found)

    def revoke_tokens(self, user: str | None = None) -> int:
        """Make every token (of *user*) unknown, at once or after ``settings.revocation_lag_seconds``."""
        ident = self.user(user).id if user else None
        return self.world.identity.revoke_all(self.world.clock(), user_id=ident)

    def expire_tokens(self, after_seconds: float = 0.0) -> None:
        """Let every token that exists end that soon."""
        for token in self.world.identity.tokens.values():
            token.expires_at = self.world.clock() + timedelta(seconds=after_seconds)

    def set_password(self, user: str, password: str) -> None:
        self.user(user).password = password

    # --- what becomes of tasks

    def fail_next(self, operation: str, status: str, text: str = "stub refuses") -> None:
        """
        Let the next task of *operation* end in *status*, with *text* in its event.

        Operations: create (sched_fail, net_fail, dev_fail, create_fail, disk_fail, deploy_fail,
        security_group_fail), start, stop, delete, change-config, resize-disk, suspend, resume,
        createdisk, attachdisk, detachdisk, associate-eip, dissociate-eip, deploy, set-password, rebuild-root,
        snapshot, create-disk (of ``POST /disks``).
        """
        self.world.fates.append(Fate(operation, status, text))

    def hang_at(self, *statuses: str) -> None:
        """Let every task stop for ever once it enters one of *statuses*; none: no task from now on."""
        self.world.tasks.hang_at = set(statuses)

    def release(self, ident: str | None = None) -> int:
        """Let hung tasks go on, and return how many there were."""
        return self.world.tasks.release(self.guest(ident) if ident else None)

    # --- servers

    def guest(self, ident: str) -> Guest:
        """Return the state of a live server by id or name; LookupError if there is none."""
        found = self.world.store.get(ident) or next(iter(self.world.store.named(ident, recycled=True)), None)
        if found is None:
            raise LookupError(ident)
        return found

    def find(self, ident: str) -> dict[str, Any] | None:
        """Return a live server's details, recycled ones too, or None."""
        try:
            return details(self.world, self.guest(ident))
        except LookupError:
            return None

    def servers(self) -> list[dict[str, Any]]:
        """Return the details of all live servers, recycled ones too, in the order of ids."""
        return [details(self.world, guest) for guest in self.world.store.all()]

    def statuses(self, ident: str) -> list[str]:
        """Return every status that a server went through, a deleted one too; ``HTTP 404`` is the end."""
        guest = self.world.store.get(ident) or next(
            (g for g in self.world.store.deleted() if ident in (g.id, g.name)), None
        )
        if guest is None:
            guest = self.guest(ident)
        found: list[str] = []
        for status, _, _ in guest.history:
            if not found or found[-1] != status:
                found.append(status)
        return found

    def seed(self, count: int, *, prefix: str = "bulk-", project: str = "lab", **columns: Any) -> list[str]:
        """Add *count* settled servers without events, running unless *columns* say else; return their ids."""
        project_id = self._project_id(project)
        guests = [
            settled(self.world, f"{prefix}{number:05d}", project_id, columns) for number in range(count)
        ]
        self.world.store.add_many(guests)
        return [guest.id for guest in guests]

    def add_server(
        self,
        name: str,
        *,
        ident: str = "",
        project: str = "lab",
        tags: dict[str, str] | None = None,
        imported: bool = False,
        **columns: Any,
    ) -> str:
        """
        Add one settled server, running unless *columns* say else, and return its id. *tags* are raw.

        *imported*: it comes from another platform, and the host agent lets nothing be plugged in as it runs.
        """
        project_id = self._project_id(project)
        guest = settled(self.world, name, project_id, columns, ident, imported=imported)
        guest.metadata |= tags or {}
        self.world.store.add(guest)
        self.world.events.add(guest, "create", {"id": guest.id, "name": name})
        return guest.id

    def change(self, ident: str, **columns: Any) -> None:
        """Write columns of a server's row, as an administrator or the host agent would."""
        guest = self.guest(ident)
        if "status" in columns:
            self.world.set_status(guest, columns.pop("status"))
        if columns:
            self.world.store.write(guest, **columns)

    def power(self, ident: str, *, on: bool) -> None:
        """Start or stop a server beside the operator, by the ordinary task."""
        guest = self.guest(ident)
        walk: Walk = start(self.world, guest, PLATFORM) if on else stop(self.world, guest, PLATFORM)
        self.world.run(guest, "start" if on else "stop", walk)

    def set_tags(self, ident: str, tags: dict[str, str]) -> None:
        """Merge raw tags (with their ``user:`` prefix); the value ``none`` deletes one."""
        self.world.set_tags(self.guest(ident), tags)

    def set_secgroups(self, ident: str, *groups: str) -> None:
        guest = self.guest(ident)
        guest.secgroups = [g.id for name in groups if (g := self.world.inventory.find_security_group(name))]
        self.world.store.write(guest, secgrp_id=guest.secgroups[0])

    def recycle(self, ident: str) -> None:
        """Move a server into the recycle bin, which takes its elastic address off."""
        guest = self.guest(ident)
        self.world.unbind_address(guest)
        guest.power = "off"
        columns: dict[str, Any] = {"status": "ready", "power_states": "off", "pending_deleted": True}
        self.world.store.write(guest, **columns, pending_deleted_at=row_time(self.world.store.now()))
        self.world.events.add(guest, "pending_delete")

    def restore(self, ident: str) -> None:
        """Take a server out of the recycle bin."""
        self.world.store.write(self.guest(ident), pending_deleted=False, pending_deleted_at="")

    def erase(self, *idents: str) -> None:
        """Really delete servers; their ids stay burnt."""
        for ident in idents:
            guest = self.guest(ident)
            self.world.tasks.drop(guest)
            self.world.events.add(guest, "pending_delete")
            self.world.events.add(guest, "delete")
            self.world.erase(guest)

    def erase_all(self) -> int:
        """Lose every server, as a cloud that was restored from an empty backup; their ids are free again."""
        guests = list(self.world.store.all())
        self._lost = copy.deepcopy(guests)
        for guest in guests:
            self.world.tasks.drop(guest)
            self.world.erase(guest)
            self.world.store.burnt.discard(guest.id.casefold())
        return len(guests)

    def bring_back(self) -> int:
        """Have what was lost at last there again as it was, as in a database that was put right."""
        for guest in self._lost:
            self.world.store.add(guest)
        return len(self._lost)

    def _project_id(self, project: str) -> str:
        found = self.world.identity.project(project)
        if found is None:
            raise not_found("project", project)
        return found.id
