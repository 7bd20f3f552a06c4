"""The parts of ``spec`` beside the server: credentials, and what the operator may do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictStr

from onecloud_operator.api.ignorable import IgnorableField
from onecloud_operator.api.lists import Unique
from onecloud_operator.api.model import BLANK, Identifier, Model, SecretName
from onecloud_operator.api.rule import Rule
from onecloud_operator.api.windows import Windows


class CredentialsReference(Model):
    """The Secret with the credentials, in the namespace of the object."""

    name: SecretName = Field(description="Name of the Secret, in the namespace of the object.")


class ProviderReference(Model):
    """The OneCloudProvider by whose credentials the cloud is reached."""

    name: SecretName = Field(description="Name of the OneCloudProvider, which belongs to no namespace.")


class ConnectionReference(Model):
    """The Secret that is written, in the namespace of the object."""

    name: SecretName = Field(description="Name of the Secret, in the namespace of the object.")


class Adoption(Model):
    """Whether, and which, existing server is taken over or observed."""

    policy: Literal["Never", "Adopt", "AdoptOrCreate"] = Field(
        default="Never",
        description=(
            "Never: the object makes a server of its own. Adopt: it takes over the server given by id or "
            "name. AdoptOrCreate: it takes over the server called exactly server.name, or makes it if "
            "there is none. A server that carries the owner tags of another living object is never taken "
            "over."
        ),
    )
    id: Identifier | None = Field(
        default=None,
        description=(
            "Id of the server to adopt or observe. Once it is bound, status.id rules; a different id later "
            "on is reported as ImmutableField."
        ),
    )
    name: (
        Annotated[StrictStr, Field(min_length=2, max_length=128, pattern=rf"^[^{BLANK}]([^\n]*[^{BLANK}])$")]
        | None
    ) = Field(
        default=None,
        description=(
            "Exact name of the server to adopt or observe, instead of its id. Only one server may have it."
        ),
    )

    restore: StrictBool = Field(
        default=False,
        description=(
            "Whether a server in the cloud's recycle bin is taken out of it to be adopted, which undoes a "
            "deletion: apply the manifest again, with policy Adopt and the server's id. Only for a server "
            "that the object of this namespace and name owned in this cluster before, or that nobody owns. "
            "It comes back stopped, and is started unless powerState says otherwise; its elastic IP is lost. "
            "An entry of dataDisks is the disk with its owner tags that came with the server or was kept; a "
            "new one is made only where there is certainly none."
        ),
    )

    rules: ClassVar[tuple[Rule[Adoption], ...]] = (
        Rule(
            "give at most one of adoption.id and adoption.name",
            cel="!has(self.id) || !has(self.name)",
            holds=lambda self: self.id is None or self.name is None,
        ),
        Rule(
            "adoption.policy Adopt needs adoption.id or adoption.name",
            cel="self.policy != 'Adopt' || has(self.id) || has(self.name)",
            holds=lambda self: self.policy != "Adopt" or self.names_a_server,
        ),
        Rule(
            "adoption.policy AdoptOrCreate looks for server.name: leave out adoption.id and adoption.name",
            cel="self.policy != 'AdoptOrCreate' || (!has(self.id) && !has(self.name))",
            holds=lambda self: self.policy != "AdoptOrCreate" or not self.names_a_server,
        ),
        Rule(
            "adoption.restore needs adoption.policy Adopt and adoption.id",
            cel="!self.restore || (self.policy == 'Adopt' && has(self.id))",
            holds=lambda self: not self.restore or (self.policy == "Adopt" and self.id is not None),
        ),
    )

    @property
    def names_a_server(self) -> bool:
        """Return whether the manifest says which server."""
        return self.id is not None or self.name is not None


class Drift(Model):
    """What happens when the server differs from the spec."""

    mode: Literal["Correct", "Report"] = Field(
        default="Correct",
        description=(
            "Correct: what differs is changed back. Report: it is listed in status.drift, and nothing is "
            "sent for it."
        ),
    )
    ignore: Annotated[tuple[IgnorableField, ...], Field(max_length=32), Unique()] | None = Field(
        default=None,
        description=(
            "Fields of spec.server that are left to others once the server is made or adopted: a difference "
            "in them is neither corrected nor reported, an edit of them included. A new server is made with "
            "them all the same. A word stands for the whole field, and those of hardware have a word each. "
            "With powerState the server is left on or off, as under Unmanaged; one that is stopped for a "
            "change of another field is started again. What is to become of disks when the server goes holds "
            "all the same."
        ),
    )


class Disruption(Model):
    """Whether the server may be stopped for a change."""

    allow: Literal["Never", "Restart", "Rebuild"] = Field(
        default="Never",
        description=(
            "Never: a change that needs a stop waits, with the reason RestartNeeded, until somebody stops "
            "the server or allows it here. Restart: the server is stopped, changed and started again, "
            "whatever its powerState, unless that is Stopped. More cpu or memory needs no stop where the "
            "host has hot-plug on. A restart that the annotation onecloud.io/restart-requested-at asks for "
            "needs Restart, too. Rebuild: that, and where server.image is edited, the root disk is made anew "
            "of that image: WHAT IS ON THE ROOT DISK IS LOST. Data disks stay."
        ),
    )
    windows: Windows | None = Field(
        default=None,
        description=(
            "When the server may be stopped for a change, or for a restart that is asked for: the stop "
            "begins while one of these windows is open, and is brought to its end after it. Until then the "
            "change waits, with the reason WaitingForWindow and the time in nextRetryTime. Absent: at any "
            "time. What needs no stop is done at once, and so is an edit of powerState."
        ),
    )
