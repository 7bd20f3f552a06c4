"""Mistakes that users make, and all that they are told of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud.defaults import PASSWORDS

LOGIN = {"secretKeyRef": {"name": "login", "key": "password"}}
NO_ID = "5f0c9a1e-7d2b-4c38-9e64-b1a2c3d4e5f6"


@dataclass(frozen=True)
class Mistake:
    """
    *changes* to the spec, *secret* to the Secret of the credentials, which lead to *says* and *reason*.

    Without a reason it is refused when it is applied. *cure*: what the spec has instead, once that of the
    text is done. *later*: it is made once the server runs. Of one reason there are no more at once than the
    log writes one by one.
    """

    says: str
    reason: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    secret: dict[str, str] | None = None
    cure: dict[str, Any] = field(default_factory=dict)
    later: bool = False


def server(**fields: Any) -> dict[str, Any]:
    return {"server": fields}


def adoption(**fields: Any) -> dict[str, Any]:
    return {"adoption": {"policy": "Adopt", **fields}, "server": None}


MISTAKES = {
    # -- refused by the API server
    "memory-in-powers-of-ten": Mistake(
        'spec.server.memory: Invalid value: "4G": must be a whole number with Mi, Gi or Ti: write 4Gi',
        None,
        server(memory="4G"),
    ),
    "no-size": Mistake(
        "spec.server: Invalid value: set server.instanceType, or server.cpu and server.memory",
        None,
        server(cpu=None, memory=None),
    ),
    "user-data-of-no-known-kind": Mistake(
        'spec.server.userData: Invalid value: "hello": must begin with #cloud-config or #!/',
        None,
        server(userData="hello"),
    ),
    "one-network-twice": Mistake(
        '.spec.server.networks: duplicate entries for key [network="a"]',
        None,
        server(networks=[{"network": "a"}, {"network": "a"}]),
    ),
    "a-tag-of-the-operator": Mistake(
        "spec.server.tags: Invalid value: a tag's key begins neither with __ nor with onecloud.io/",
        None,
        server(tags={"onecloud.io/uid": "x"}),
    ),
    "adopting-nothing": Mistake(
        "spec.adoption: Invalid value: adoption.policy Adopt needs adoption.id or adoption.name",
        None,
        {"adoption": {"policy": "Adopt"}},
    ),
    "an-unknown-policy": Mistake(
        'spec.deletionPolicy: Unsupported value: "Destroy": supported values: "RecycleBin", '
        '"Delete", "Retain"',
        None,
        {"deletionPolicy": "Destroy"},
    ),
    "a-root-disk-below-1Gi": Mistake(
        'spec.server.rootDisk.size: Invalid value: "512Mi": must be from 1Gi to 64Ti',
        None,
        server(rootDisk={"size": "512Mi"}),
    ),
    "two-sources-of-credentials": Mistake(
        "spec.credentialsRef: Invalid value: give either credentialsRef or providerRef",
        None,
        {"providerRef": {"name": "shared"}},
    ),
    # -- the Secret
    "no-secret": Mistake(
        "There is no Secret nowhere in namespace {namespace}. Make it. It is then taken within seconds.",
        "SecretNotFound",
        {"credentialsRef": {"name": "nowhere"}},
        cure={"credentialsRef": {"name": "nowhere"}},
    ),
    "no-url": Mistake(
        "Secret no-url cannot be used: key OS_AUTH_URL is missing. Correct the Secret. It is then "
        "taken within seconds.",
        "SecretInvalid",
        secret={"OS_AUTH_URL": ""},
    ),
    "no-password": Mistake(
        "Secret no-password cannot be used: no complete way to sign in: give OS_USERNAME and "
        "OS_PASSWORD, or OS_ACCESS_KEY and OS_SECRET_KEY, or OS_TOKEN, or OS_CAS_TICKET. Correct "
        "the Secret. It is then taken within seconds.",
        "SecretInvalid",
        secret={"OS_PASSWORD": ""},
    ),
    "half-a-certificate": Mistake(
        "Secret half-a-certificate cannot be used: key ca.crt holds no certificate in PEM form. "
        "Correct the Secret. It is then taken within seconds.",
        "SecretInvalid",
        secret={"ca.crt": "-----BEGIN"},
    ),
    "a-wrong-password": Mistake(
        "Secret a-wrong-password: The cloud refused the user name or password: 401 WrongPassword: "
        "Authenticate: usrExt.VerifyPassword: WrongPassword. Try the credentials by hand before "
        "the cloud locks the account, then correct the Secret.",
        "CredentialsRejected",
        secret={"OS_PASSWORD": "tok-3f9a"},
    ),
    "an-unknown-project": Mistake(
        "Secret an-unknown-project: The user has no role in this project, or there is no such "
        "project: 401 UnauthorizedError: unauthorized ProjectManager.FetchProject: q.First: sql: "
        "no rows in result set. Correct OS_PROJECT_NAME and OS_PROJECT_DOMAIN in the Secret, or "
        "have the user given a role.",
        "CredentialsRejected",
        secret={"OS_PROJECT_NAME": "nowhere"},
    ),
    "an-unknown-region": Mistake(
        "Secret an-unknown-region: Signed in, but the region is not known: the catalog has no "
        "region 'RegionTwo', but: LabRegion. Set OS_REGION_NAME in the Secret to one of these "
        "regions.",
        "CredentialsRejected",
        secret={"OS_REGION_NAME": "RegionTwo"},
    ),
    "an-address-of-the-cluster": Mistake(
        "Secret an-address-of-the-cluster: The operator may not connect to the cloud's address: "
        "10.0.0.17:80 is not allowed. Correct OS_AUTH_URL in the Secret. Or have the operator's "
        "administrator allow the host, by ONECLOUD_OPERATOR_ALLOWED_ENDPOINTS and "
        "ONECLOUD_OPERATOR_DENIED_NETWORKS; a Service of this cluster has to be named there.",
        "EndpointNotAllowed",
        secret={"OS_AUTH_URL": "http://10.0.0.17/v3"},
    ),
    "a-metadata-service": Mistake(
        "Secret a-metadata-service: The operator may not connect to the cloud's address: "
        "169.254.169.254:80 is not allowed. Correct OS_AUTH_URL in the Secret. Loopback, "
        "link-local and metadata addresses and this cluster's API server can never be allowed.",
        "EndpointNotAllowed",
        secret={"OS_AUTH_URL": "http://169.254.169.254/v3"},
    ),
    "nobody-listens": Mistake(
        "Secret nobody-listens: Nothing listens at the cloud's address: {nobody} refused the "
        "connection. Correct host and port of OS_AUTH_URL in the Secret, or have the service "
        "started. It is tried again; meanwhile servers are left as they are.",
        "EndpointUnreachable",
        secret={"OS_AUTH_URL": "http://{nobody}/v3"},
    ),
    "https-to-an-http-port": Mistake(
        "Secret https-to-an-http-port: The URL begins with https, but the port has no TLS: "
        "{cloud} does not speak TLS. Correct the port of OS_AUTH_URL in the Secret, or write "
        "http:// if the cloud has no TLS. It is tried again; meanwhile servers are left as they "
        "are.",
        "EndpointUnreachable",
        secret={"OS_AUTH_URL": "https://{cloud}/v3"},
    ),
    "a-user-who-may-only-look": Mistake(
        "Secret a-user-who-may-only-look (user viewer, project lab): The cloud does not allow "
        "this: not enough privilege (require:project,allow:none). Have the user given a role in "
        "the project whose policy has the right compute:servers:create. The cloud also says this "
        "of a server that was moved to another project, and while its identity service is down.",
        "Forbidden",
        secret={"OS_USERNAME": "viewer", "OS_PASSWORD": PASSWORDS["viewer"]},
    ),
    "a-project-that-is-full": Mistake(
        "The project's quota is used up: count: limit 16, used 16, asked for 1. Have it raised, or "
        "delete what is not needed.",
        "QuotaExceeded",
        secret={
            "OS_USERNAME": "otheruser",
            "OS_PASSWORD": PASSWORDS["otheruser"],
            "OS_PROJECT_NAME": "other",
        },
    ),
    # -- what the cloud does not have
    "an-unknown-image": Mistake(
        "The cloud cannot use the image jammy: Invalid root image: fillDiskConfigByImage: "
        "modules.Images.GetByName: NotFoundError. Correct spec.server.image: the name or id of an "
        "image that the project can see.",
        "InvalidSpec",
        server(image="jammy"),
    ),
    "an-unknown-network": Mistake(
        "The cloud does not accept the server: network lan not found. Correct spec.server. Some "
        "causes pass, such as a host that is off, so it is also tried again.",
        "InvalidSpec",
        server(networks=[{"network": "lan"}]),
    ),
    "an-unknown-hypervisor": Mistake(
        "The cloud does not accept the server: Hypervisor abacus not supported. Correct "
        "spec.server. Some causes pass, such as a host that is off, so it is also tried again.",
        "InvalidSpec",
        server(hypervisor="abacus"),
    ),
    "an-unknown-key-pair": Mistake(
        "Something that the server refers to is not there: Keypair mine not found. Correct the "
        "spec, or make it in the cloud; it is tried again.",
        "ReferenceNotFound",
        server(keypair="mine"),
    ),
    "an-unknown-security-group": Mistake(
        "Something that the server refers to is not there: Secgroup nothing not found. "
        "Correct the spec, or make it in the cloud; it is tried again.",
        "ReferenceNotFound",
        server(securityGroups=["nothing"]),
    ),
    "two-security-groups-of-one-name": Mistake(
        "A name in spec.server is borne by more than one thing in the cloud: fetchItem: duplicate "
        "entry. Give the id instead of the name, as of one of two security groups of one name.",
        "AmbiguousName",
        server(securityGroups=["twin"]),
    ),
    "a-name-that-is-taken": Mistake(
        "The name is taken: Duplicate name server pet. Names are unique in the whole cloud, so "
        "give another server.name; if the server that has it is yours, as after a loss of the "
        "cluster, take it over: set spec.adoption to policy: Adopt and its name.",
        "NameConflict",
        server(name="pet"),
        cure=adoption(name="pet"),
    ),
    "no-secret-of-the-password": Mistake(
        "There is no Secret login in namespace {namespace}. Make it. It is then taken within seconds.",
        "SecretNotFound",
        server(passwordFrom=LOGIN),
        cure=server(passwordFrom=LOGIN),
    ),
    # -- the provider
    "a-provider-where-there-are-none": Mistake(
        "This operator looks after single namespaces, and providers belong to none. Give credentials by "
        "spec.credentialsRef instead of spec.providerRef.",
        "ProviderNotFound",
        {"credentialsRef": None, "providerRef": {"name": "shared"}},
    ),
    # -- adoption
    "adopting-what-is-not-there": Mistake(
        "The project has no server of id 5f0c9a1e-7d2b-4c38-9e64-b1a2c3d4e5f6. Correct "
        "spec.adoption, or make the server in the cloud.",
        "ServerNotFound",
        adoption(id=NO_ID),
        cure=adoption(id="{tame}"),
    ),
    "adopting-one-of-two": Mistake(
        "More than one server is called double. Name the one by adoption.id.",
        "AmbiguousName",
        adoption(name="double"),
        cure=adoption(id="{double}"),
    ),
    # -- a server that runs
    "a-size-that-needs-a-restart": Mistake(
        "A change of cpu needs the server to be stopped. Set disruption.allow: Restart to have it "
        "stopped, changed and started again, or stop it yourself.",
        "RestartNeeded",
        server(cpu=4),
        cure=server(cpu=4) | {"disruption": {"allow": "Restart"}},
        later=True,
    ),
    "a-time-zone-that-nobody-knows": Mistake(
        "spec.disruption.windows: there is no time zone called Europe/Atlantis. Give one by its IANA name, "
        "with its capitals, such as Europe/Berlin or Asia/Shanghai.",
        "InvalidSpec",
        {"disruption": {"windows": [{"start": "22:00", "duration": "6h", "timeZone": "Europe/Atlantis"}]}},
        later=True,
    ),
    "a-disk-that-is-not-there": Mistake(
        "The project has no disk nowhere. Give another diskID, or take the entry out of dataDisks.",
        "ReferenceNotFound",
        server(dataDisks=[{"name": "logs", "diskID": "nowhere"}]),
        later=True,
    ),
    "an-elastic-ip-that-is-not-there": Mistake(
        "eip.name: The project sees no elastic IP nowhere. Correct the spec, or give its id.",
        "ReferenceNotFound",
        server(eip={"name": "nowhere"}),
        later=True,
    ),
    "a-secret-that-is-not-written": Mistake(
        "writeConnectionSecretToRef is set, and this operator writes no Secrets. Have the value "
        "connectionSecrets.enabled of its chart switched on, or take the field out.",
        "SecretConflict",
        {"writeConnectionSecretToRef": {"name": "reached"}},
        later=True,
    ),
    "user-data-for-a-server-that-is-made": Mistake(
        "spec.server: Forbidden: server.userData cannot change once the server is made: take it out, "
        "or make a new object.",
        None,
        server(userData="#!/bin/sh"),
        later=True,
    ),
}
