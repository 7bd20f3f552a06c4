"""``spec.server``: the server itself. Absent means not managed: never compared, never reset."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictInt, StrictStr

from onecloud_operator.api.disks import DataDisks, RootDisk
from onecloud_operator.api.eip import EipSpec
from onecloud_operator.api.lists import ATOMIC_LIST, ATOMIC_MAP, Unique
from onecloud_operator.api.model import (
    AGENT,
    BLANK,
    FIXED,
    LIVE,
    LIVE_OR_RESTART,
    REBUILD,
    RESTART,
    WHOLE,
    Identifier,
    Model,
    Reference,
    Size,
    within,
)
from onecloud_operator.api.networks import Networks
from onecloud_operator.api.plain import Plain, plain_fields_of
from onecloud_operator.api.rule import Rule
from onecloud_operator.api.server_parts import (
    Billing,
    Hardware,
    IsolatedDevice,
    PasswordSource,
    Placement,
    SecretSource,
)
from onecloud_operator.api.status_model import Long, Text

TAG_KEY_LENGTH = 59
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
# As the value of a tag the cloud takes these for a request to delete it.
TAG_NO_VALUES = frozenset({"none", "null"})

Memory = Annotated[Size, within("8Mi", "512Gi")]
ServerName = Annotated[
    StrictStr,
    Field(min_length=2, max_length=128, pattern=rf"^[^{BLANK}/\\;]([^/\\;\n\r\t]*[^{BLANK}/\\;])$"),
]


def folded(key: str) -> str:
    """Return the key of a tag as the cloud compares it: without regard to case."""
    return key.translate(_LOWER)


_USER_DATA: Rule[str] = Rule(
    "must begin with #cloud-config or #!/",
    cel="self.startsWith('#cloud-config') || self.startsWith('#!/')",
    holds=lambda text: text.startswith(("#cloud-config", "#!/")),
)
_TAG_KEY: Rule[dict[str, str]] = Rule(
    f"a tag's key has 1 to {TAG_KEY_LENGTH} characters",
    cel=f"self.all(k, size(k) >= 1 && size(k) <= {TAG_KEY_LENGTH})",
    holds=lambda tags: all(1 <= len(key) <= TAG_KEY_LENGTH for key in tags),
)
_TAG_OWNER: Rule[dict[str, str]] = Rule(
    "a tag's key begins neither with __ nor with onecloud.io/",
    # Whatever the case of its letters: to the cloud Onecloud.io/uid is the owner's tag.
    cel="self.all(k, !k.startsWith('__') && !k.lowerAscii().startsWith('onecloud.io/'))",
    holds=lambda tags: not any(folded(key).startswith(("__", "onecloud.io/")) for key in tags),
)
_TAG_CASE: Rule[dict[str, str]] = Rule(
    "tags' keys differ in more than the case of their letters, since the cloud takes K and k for one",
    cel="self.all(k, self.exists_one(other, other.lowerAscii() == k.lowerAscii()))",
    holds=lambda tags: len({folded(key) for key in tags}) == len(tags),
)
_TAG_VALUE: Rule[dict[str, str]] = Rule(
    "a tag's value is neither none nor null, which the cloud takes for a request to delete the tag",
    cel="self.all(k, self[k].lowerAscii() != 'none' && self[k].lowerAscii() != 'null')",
    holds=lambda tags: not any(value.lower() in TAG_NO_VALUES for value in tags.values()),
)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Drop the nulls of a map, as the API server does."""
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if each is not None}
    return value


Tags = Annotated[
    dict[StrictStr, Annotated[StrictStr, Field(max_length=1024)]],
    Field(max_length=15),
    BeforeValidator(_without_nulls),
    _TAG_KEY,
    _TAG_OWNER,
    _TAG_CASE,
    _TAG_VALUE,
]


_DISTINCT: Rule[tuple[str, ...]] = Rule(
    "each instance group may stand in the list once",
    cel="self.all(group, self.exists_one(other, other == group))",
    holds=lambda groups: len(set(groups)) == len(groups),
)
# Atomic: a set that a server-side apply empties is taken out as a whole, which means another thing.
InstanceGroups = Annotated[tuple[Identifier, ...], Field(max_length=8), _DISTINCT]


class ServerSpec(Model):
    """The server itself."""

    name: Annotated[ServerName | None, Plain("Name in the cloud.", Text)] = Field(
        default=None,
        description=(
            "Name in the cloud, unique there. Absent: a new server is called <namespace>.<name of the "
            "object>, after the operator's prefix if it has one, and its name is not looked after."
        ),
        json_schema_extra=LIVE,
    )
    description: Annotated[
        Annotated[StrictStr, Field(max_length=1024)] | None, Plain("Description.", Long)
    ] = Field(default=None, description="Description in the cloud.", json_schema_extra=LIVE)
    hostname: (
        Annotated[
            StrictStr,
            Field(min_length=1, max_length=60, pattern=r"^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$"),
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "Host name inside the server. Absent: the name of the object; where not every image takes it (it "
            "has more than 15 characters, or one, or digits alone), its beginning and a hash of four."
        ),
        json_schema_extra=FIXED,
    )
    hypervisor: Annotated[
        Annotated[StrictStr, Field(min_length=2, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$")] | None,
        Plain("Hypervisor or public cloud."),
    ] = Field(
        default=None,
        description=(
            "Hypervisor or cloud that runs the server: kvm, esxi, aliyun, aws and so on. Absent: the cloud "
            "chooses."
        ),
        json_schema_extra=FIXED,
    )
    instance_type: (
        Annotated[StrictStr, Field(min_length=1, max_length=128, pattern=r"^[^ \t\n\f\r]+$")] | None
    ) = Field(
        default=None,
        description="Instance type, for example ecs.g1.c2m4. Give this, or cpu and memory.",
        json_schema_extra=RESTART,
    )
    cpu: Annotated[StrictInt, Field(ge=1, le=128), WHOLE] | None = Field(
        default=None,
        description="Number of CPUs, from 1 to 128. Goes with memory, instead of instanceType.",
        json_schema_extra=RESTART,
    )
    memory: Memory | None = Field(
        default=None,
        description=(
            "Memory, from 8Mi to 512Gi, for example 4Gi; a whole number with Mi or Gi. Goes with cpu, "
            "instead of instanceType."
        ),
        json_schema_extra=RESTART,
    )
    image: Reference | None = Field(
        default=None,
        description=(
            "Image that the root disk is made of, by id or name. Without one rootDisk.size is needed. Only "
            "an edit of this text rebuilds the root disk, never what the name stands for later on; the "
            "server keeps its id, its addresses and its data disks."
        ),
        json_schema_extra=REBUILD,
    )
    root_disk: RootDisk | None = Field(default=None, description="The system disk.")
    data_disks: DataDisks | None = Field(
        default=None,
        description=(
            "Further disks, by their names. One that is added is made and attached, one that is taken out "
            "leaves by its reclaimPolicy; taking the whole list out ends its management and touches none."
        ),
        json_schema_extra={**LIVE, **ATOMIC_LIST},
    )
    networks: Networks | None = Field(
        default=None,
        description=(
            "Network cards, one for each network; the order does not matter. Absent: the cloud chooses one "
            "network. An entry that is added is attached, and one that is taken out is detached. Cards that "
            "others attached are left alone."
        ),
        json_schema_extra=LIVE_OR_RESTART,
    )
    security_groups: Annotated[tuple[Reference, ...], Field(min_length=1, max_length=10), Unique()] | None = (
        Field(
            default=None,
            description="All security groups that the server is in, by id or name.",
            json_schema_extra=LIVE,
        )
    )
    keypair: Reference | None = Field(
        default=None,
        description=(
            "SSH key pair for the login account, by id or name. One that is taken out of the spec stays on "
            "the server, and is not looked after any more."
        ),
        json_schema_extra=RESTART,
    )
    admin_user: (
        Annotated[StrictStr, Field(min_length=1, max_length=32, pattern=r"^[a-zA-Z_][-a-zA-Z0-9_.]*$")] | None
    ) = Field(
        default=None,
        description="Login account that the password and the key pair are for. Absent: the image's own.",
        json_schema_extra=FIXED,
    )
    password_from: PasswordSource | None = Field(
        default=None,
        description=(
            "Password of the login account, out of a Secret: at least 12 characters, with a digit, lower "
            "and upper case and punctuation. One line break at its end is no part of it. Absent: the cloud "
            "makes a random one. What an adopted server has is left as it is until this is edited."
        ),
        json_schema_extra=AGENT,
    )
    user_data: Annotated[StrictStr, Field(min_length=2, max_length=32768), _USER_DATA] | None = Field(
        default=None,
        description=(
            "User data for cloud-init, as plain text that begins with #cloud-config or #!/. Put what is "
            "secret into userDataFrom instead."
        ),
        json_schema_extra=FIXED,
    )
    user_data_from: SecretSource | None = Field(
        default=None,
        description=(
            "User data out of a Secret, instead of userData. It is read when the server is made, without "
            "one line break at its end; a change of the Secret later on has no effect."
        ),
        json_schema_extra=FIXED,
    )
    power_state: Literal["Running", "Stopped", "Suspended", "Unmanaged"] | None = Field(
        default=None,
        description=(
            "Running, Stopped or Suspended: the server is started, stopped or suspended to be so. One that "
            "is off is started before it is suspended, and one that is suspended is resumed before it is "
            "stopped, as only a running server can be shut down. Unmanaged: it is left as it is. Absent: "
            "Running for a server that the object made or restored, Unmanaged for another adopted one."
        ),
        json_schema_extra=LIVE,
    )
    tags: Tags | None = Field(
        default=None,
        description=(
            "User tags. A tag that leaves this list is taken off the server; tags that never were in it "
            "are left alone."
        ),
        json_schema_extra=LIVE,
    )
    eip: EipSpec | None = Field(
        default=None,
        description=(
            "The elastic IP (EIP) of the server: exactly one of name, id, bandwidth and none; chargeType and "
            "network go with bandwidth only. kubectl patch --type merge has to set the old one to null: "
            '{"name":null,"bandwidth":20}. Absent: none is bound, and none is taken off.'
        ),
        json_schema_extra=ATOMIC_MAP,
    )
    isolated_devices: Annotated[tuple[IsolatedDevice, ...], Field(min_length=1, max_length=8)] | None = Field(
        default=None,
        description="Devices passed through to the server, such as GPUs.",
        json_schema_extra={**FIXED, **ATOMIC_LIST},
    )
    instance_groups: InstanceGroups | None = Field(
        default=None,
        description=(
            "Ids of instance groups, which keep their servers on different hosts. An empty list takes the "
            "server out of all that it was put into."
        ),
        json_schema_extra={**RESTART, **ATOMIC_LIST},
    )
    placement: Placement | None = Field(
        default=None,
        description="Where the server is put. Absent: the cloud's scheduler chooses.",
        json_schema_extra=FIXED,
    )
    hardware: Hardware | None = Field(default=None, description="The virtual machine's hardware.")
    billing: Billing | None = Field(
        default=None,
        description="How the server is paid. Absent: the cloud's default.",
        json_schema_extra=FIXED,
    )

    rules: ClassVar[tuple[Rule[ServerSpec], ...]] = (
        Rule(
            "server.instanceType excludes server.cpu and server.memory",
            cel="!has(self.instanceType) || (!has(self.cpu) && !has(self.memory))",
            holds=lambda self: self.instance_type is None or (self.cpu is None and self.memory is None),
            field=".instanceType",
        ),
        Rule(
            "give at most one of server.userData and server.userDataFrom",
            cel="!has(self.userData) || !has(self.userDataFrom)",
            holds=lambda self: self.user_data is None or self.user_data_from is None,
        ),
    )


PLAIN_FIELDS = plain_fields_of(ServerSpec)
