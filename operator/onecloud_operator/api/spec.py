"""
``spec`` of a OneCloudServer: what the API server accepts, and nothing else.

The CRD is generated from these models, so every bound and every rule stands here once.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, StrictBool

from onecloud_operator.api.disks import DataDisk, DiskOptions, RootDisk
from onecloud_operator.api.lists import ATOMIC_MAP
from onecloud_operator.api.management import (
    Adoption,
    ConnectionReference,
    CredentialsReference,
    Disruption,
    Drift,
    ProviderReference,
)
from onecloud_operator.api.model import LIVE, Model
from onecloud_operator.api.networks import NetworkSpec
from onecloud_operator.api.rule import Rule
from onecloud_operator.api.server import ServerSpec
from onecloud_operator.api.server_parts import (
    Billing,
    Hardware,
    IsolatedDevice,
    PasswordSource,
    Placement,
    SchedulingTag,
    SecretKeyReference,
    SecretSource,
)

__all__ = [
    "Adoption",
    "Billing",
    "CredentialsReference",
    "DataDisk",
    "DiskOptions",
    "Disruption",
    "Drift",
    "Hardware",
    "IsolatedDevice",
    "NetworkSpec",
    "PasswordSource",
    "Placement",
    "ProviderReference",
    "RootDisk",
    "SchedulingTag",
    "SecretKeyReference",
    "SecretSource",
    "ServerSpec",
    "Spec",
]

# "This object may make a server."
_MAKES = "self.managementPolicy == 'Manage' && (!has(self.adoption) || self.adoption.policy != 'Adopt')"

_READS_OTHERS = " && ".join(
    f"(!has(self.{path}) || self.{path}{key}.name != self.writeConnectionSecretToRef.name)"
    for path, key in (
        ("credentialsRef", ""),
        ("server.passwordFrom", ".secretKeyRef"),
        ("server.userDataFrom", ".secretKeyRef"),
    )
).replace("(!has(self.server.", "(!has(self.server) || !has(self.server.")


class Spec(Model):
    """What is wanted: how the server is looked after, and the server itself."""

    credentials_ref: CredentialsReference | None = Field(
        default=None,
        description=(
            "Secret with the credentials for the cloud. It may change, and so may what is in it; "
            "credentials that lead to another cloud, region or project than the server's end in "
            "CredentialsMismatch. Either this or providerRef is needed."
        ),
        json_schema_extra={**LIVE, **ATOMIC_MAP},
    )
    provider_ref: ProviderReference | None = Field(
        default=None,
        description=(
            "OneCloudProvider whose credentials, defaults and limits hold for the server, in place of "
            "credentialsRef. It must allow the object's namespace; what the namespace may not take of the "
            "shared project is refused as NotAllowed."
        ),
        json_schema_extra={**LIVE, **ATOMIC_MAP},
    )
    management_policy: Literal["Manage", "Observe"] = Field(
        default="Manage",
        description=(
            "Manage: the server is made, changed and removed. Observe: it is only shown, nothing is ever "
            "sent to the cloud; adoption.id or adoption.name says which server."
        ),
        json_schema_extra=LIVE,
    )
    adoption: Adoption | None = Field(
        default=None,
        description="Whether, and which, existing server is taken over or observed.",
        json_schema_extra=LIVE,
    )
    deletion_policy: Literal["RecycleBin", "Delete", "Retain"] | None = Field(
        default=None,
        description=(
            "What becomes of the server when the object is deleted. RecycleBin: it goes to the cloud's "
            "recycle bin. Delete: it is deleted for good. Retain: it stays. Absent: RecycleBin for a "
            "server that the object made, Retain for an adopted one; status.deletionPolicy shows which."
        ),
        json_schema_extra=LIVE,
    )
    deletion_protection: StrictBool = Field(
        default=False,
        description="Whether the server of a deleted object is kept until this is switched off.",
        json_schema_extra=LIVE,
    )
    on_external_deletion: Literal["Report", "Recreate"] = Field(
        default="Report",
        description=(
            "What follows when somebody else deletes the server. Report: the reason ExternallyDeleted. "
            "Recreate: a new server; not for adopted ones."
        ),
        json_schema_extra=LIVE,
    )
    drift: Drift | None = Field(
        default=None,
        description="What happens when the server differs from the spec. Absent: it is corrected.",
        json_schema_extra=LIVE,
    )
    disruption: Disruption | None = Field(
        default=None,
        description="Whether the server may be stopped for a change. Absent: it may not.",
        json_schema_extra=LIVE,
    )
    approval: Literal["Automatic", "Manual"] = Field(
        default="Automatic",
        description=(
            "Whether what is about to be done waits for a person. Manual: nothing in the cloud is made, "
            "changed or removed, not for drift or a deletion either, until the annotation "
            "onecloud.io/approve-plan has the hash of status.plan. What is left of a failed creation is "
            "cleaned up all the same, and a server that was stopped for a change is started again."
        ),
        json_schema_extra=LIVE,
    )
    write_connection_secret_to_ref: ConnectionReference | None = Field(
        default=None,
        description=(
            "Secret into which the operator writes how the server is reached: id, name, ip, eip, port, "
            "username, and the password where the cloud tells it. It makes this Secret, of the type "
            "onecloud.io/connection, and touches none that is not its own (SecretConflict). When the name "
            "changes, the former one is deleted. Needs an operator that may write Secrets."
        ),
        json_schema_extra={**LIVE, **ATOMIC_MAP},
    )
    server: ServerSpec | None = Field(
        default=None,
        description=(
            "The server as it is wanted. A field that is absent is not looked after: the cloud chooses it "
            "for a new server, and it is neither compared nor changed later. How a field may change once "
            "the server is made stands with it; until then everything may be corrected."
        ),
    )

    # The API server evaluates all of them at each write of a status, too, where to look at a field costs as
    # much as the object has fields: so each begins with what decides it for nearly every object.
    rules: ClassVar[tuple[Rule[Spec], ...]] = (
        Rule(
            "give either credentialsRef or providerRef",
            cel="has(self.credentialsRef) != has(self.providerRef)",
            holds=lambda self: (self.credentials_ref is None) != (self.provider_ref is None),
            field=".credentialsRef",
        ),
        Rule(
            "server is required, except under managementPolicy Observe or adoption.policy Adopt",
            cel=f"has(self.server) || !({_MAKES})",
            holds=lambda self: not self.makes or self.server is not None,
            field=".server",
            reason="FieldValueRequired",
        ),
        Rule(
            "set server.instanceType, or server.cpu and server.memory",
            cel="!has(self.server) || (has(self.server.cpu) && has(self.server.memory))"
            f" || has(self.server.instanceType) || !({_MAKES})",
            holds=lambda self: not self.makes or self.server is None or _sized(self.server),
            field=".server",
        ),
        Rule(
            "a new server needs server.image or server.rootDisk.size",
            cel="!has(self.server) || has(self.server.image)"
            f" || (has(self.server.rootDisk) && has(self.server.rootDisk.size)) || !({_MAKES})",
            holds=lambda self: not self.makes or self.server is None or _rooted(self.server),
            field=".server",
            reason="FieldValueRequired",
        ),
        Rule(
            "managementPolicy Observe needs adoption.id or adoption.name",
            cel="self.managementPolicy != 'Observe' || (has(self.adoption)"
            " && (has(self.adoption.id) || has(self.adoption.name)))",
            holds=lambda self: not self.observes or self.named,
            field=".adoption",
            reason="FieldValueRequired",
        ),
        Rule(
            "adoption.id and adoption.name need adoption.policy Adopt or managementPolicy Observe",
            cel="self.managementPolicy == 'Observe' || !has(self.adoption) || self.adoption.policy != 'Never'"
            " || (!has(self.adoption.id) && !has(self.adoption.name))",
            holds=lambda self: self.observes or self.adoption_policy != "Never" or not self.named,
            field=".adoption.policy",
        ),
        Rule(
            "adoption.policy AdoptOrCreate needs server.name",
            cel="!has(self.adoption) || self.adoption.policy != 'AdoptOrCreate'"
            " || (has(self.server) && has(self.server.name))",
            holds=lambda self: (
                self.adoption_policy != "AdoptOrCreate"
                or (self.server is not None and self.server.name is not None)
            ),
            field=".adoption.policy",
        ),
        Rule(
            "an adopted server cannot be made again: onExternalDeletion must be Report",
            cel="!has(self.adoption) || self.adoption.policy != 'Adopt'"
            " || self.onExternalDeletion != 'Recreate'",
            holds=lambda self: self.adoption_policy != "Adopt" or self.on_external_deletion != "Recreate",
            field=".onExternalDeletion",
        ),
        Rule(
            "writeConnectionSecretToRef must not name a Secret that this spec reads",
            cel=f"!has(self.writeConnectionSecretToRef) || ({_READS_OTHERS})",
            holds=lambda self: (
                self.write_connection_secret_to_ref is None
                or self.write_connection_secret_to_ref.name not in self.secrets_read
            ),
            field=".writeConnectionSecretToRef",
        ),
    )

    @property
    def secrets_read(self) -> frozenset[str]:
        """Return the names of the Secrets in the object's namespace that something is read from."""
        server = self.server
        sources = (server.password_from, server.user_data_from) if server is not None else ()
        keys = {source.secret_key_ref.name for source in sources if source is not None}
        return frozenset(keys if self.credentials_ref is None else {self.credentials_ref.name, *keys})

    @property
    def observes(self) -> bool:
        """Return whether the server is only shown."""
        return self.management_policy == "Observe"

    @property
    def adoption_policy(self) -> Literal["Never", "Adopt", "AdoptOrCreate"]:
        """Return the policy of adoption, its default resolved."""
        return self.adoption.policy if self.adoption is not None else "Never"

    @property
    def named(self) -> bool:
        """Return whether the manifest says which server to adopt or observe."""
        return self.adoption is not None and self.adoption.names_a_server

    @property
    def makes(self) -> bool:
        """Return whether the object may make a server."""
        return not self.observes and self.adoption_policy != "Adopt"


def _sized(server: ServerSpec) -> bool:
    return server.instance_type is not None or (server.cpu is not None and server.memory is not None)


def _rooted(server: ServerSpec) -> bool:
    return server.image is not None or (server.root_disk is not None and server.root_disk.size is not None)
