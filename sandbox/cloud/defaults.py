"""The world of a fresh simulator: two projects, five users, one zone, and what the examples refer to."""

from .addresses import ElasticAddress
from .disks import STORAGE
from .identity import Identity
from .inventory import (
    FOUNDED,
    Device,
    Host,
    Image,
    InstanceGroup,
    Inventory,
    Keypair,
    Network,
    SecurityGroup,
    Sku,
    Storage,
    Zone,
)

LAB_PROJECT = "9ba548d7b41246938c5f46332a74bb50"
OTHER_PROJECT = "b71d0ad4c3c94f6fa0a4e0d4f5f3a1c2"
SYSTEM_PROJECT = "6834bfe229bf4d1a8a105a69ccd6362c"
ZONE = "1f984a4d-7611-4587-8692-215c4e68edfe"
HOST = "7f1a88b2-6b30-4199-89e3-80f3eef5b7ec"
REGION = "LabRegion"
VPC = "7c0b7a52-9f0e-4d55-8a58-3f2b9c1d6e70"
VPC_NETWORK = "e4f6a8b0-3c5d-4e7f-a091-bc2d3e4f5061"
EIP_NETWORK = "f5a7b9c1-4d6e-4f80-b1a2-cd3e4f506172"

# Made up, and only ever good for a simulator on loopback.
PASSWORDS = {
    "labuser": "Lab-user-2026!",
    "editor": "Lab-editor-2026!",
    "viewer": "Lab-viewer-2026!",
    "otheruser": "Other-user-2026!",
    "sysadmin": "System-admin-2026!",
}
ACCESS_KEY = "0974b3f2c82e429f83fedd704cb542e3"
ACCESS_PHRASE = "U2FuZGJveEFjY2Vzc1NlY3JldA=="
TICKET = "ST-1-sandbox"


def default_identity() -> Identity:
    """Return the accounts: labuser owns project lab, otheruser project other, sysadmin the cloud."""
    identity = Identity()
    domain = identity.add_domain("default", "Default")
    identity.add_project(SYSTEM_PROJECT, "system", domain)
    lab = identity.add_project(LAB_PROJECT, "lab", domain)
    identity.add_project(OTHER_PROJECT, "other", domain)
    admin = identity.add_user(
        "4f40e29f1bcf4c1787c042879fa6b69a",
        "sysadmin",
        PASSWORDS["sysadmin"],
        domain,
        {SYSTEM_PROJECT: "admin"},
    )
    admin.system_account = True
    identity.add_user(
        "2b6c4a5f8d0e4f4c9d3a7b1e5f6a8c90",
        "otheruser",
        PASSWORDS["otheruser"],
        domain,
        {OTHER_PROJECT: "owner"},
    )
    owner = identity.add_user(
        "0c50540313a34f8a861090cbb925708d", "labuser", PASSWORDS["labuser"], domain, {LAB_PROJECT: "owner"}
    )
    identity.add_user(
        "5d1f0c3b7a9e4d2c8b6a4f3e2d1c0b9a", "editor", PASSWORDS["editor"], domain, {LAB_PROJECT: "editor"}
    )
    identity.add_user(
        "7e8d9c0b1a2f3e4d5c6b7a8f9e0d1c2b", "viewer", PASSWORDS["viewer"], domain, {LAB_PROJECT: "viewer"}
    )
    identity.add_access_key(ACCESS_KEY, ACCESS_PHRASE, owner, lab, name="lab-aksk")
    identity.tickets[TICKET] = owner
    return identity


def default_inventory() -> Inventory:
    """Return one zone with one large host, and everything that the documented examples name."""
    inventory = Inventory()
    zone = Zone(ZONE, "zone0")
    inventory.zones[zone.id] = zone
    inventory.hosts[HOST] = Host(HOST, "stubhost0", zone)
    for network in (
        Network("54f7dcde-5a52-449b-8619-b79c41538507", "vnet0", "10.88.0.10", "10.88.63.250", 18),
        Network("6a1b0d5e-2f7c-4a83-9d10-5b3c1e7f9a21", "vnet-1", "10.90.0.10", "10.90.127.250", 17),
        Network("c2d4e6f8-1a3b-4c5d-8e7f-9a0b1c2d3e4f", "vnet-db", "10.88.0.10", "10.88.0.250"),
        Network("d3e5f7a9-2b4c-4d6e-9f80-ab1c2d3e4f50", "vnet-backup", "10.91.0.10", "10.91.0.250"),
        Network(VPC_NETWORK, "vpc-net", "192.168.1.2", "192.168.1.253", 24, VPC, "vpc-1"),
        Network(EIP_NETWORK, "eipnet", "10.89.0.2", "10.89.0.250", server_type="eip"),
    ):
        inventory.networks[network.id] = network
    for image in (
        Image("b1a6959a-4958-456b-8f54-adff3f8b1f12", "tiny"),
        Image("8d2f4c61-7b3e-4f90-a5d8-1c6e9b0f2a37", "ubuntu-22.04", 10_240),
        Image("e4a1b2c3-d4e5-4f60-8172-93a4b5c6d7e8", "debian-12", 10_240),
    ):
        inventory.images[image.id] = image
    for cpu in (1, 2, 4, 8):
        for memory_gib in (1, 2, 4, 8, 16):
            name = f"ecs.g1.c{cpu}m{memory_gib}"
            inventory.add_sku(Sku(name, cpu, memory_gib * 1024, ZONE))
    inventory.keypairs["3f2e1d0c-9b8a-4756-8493-2d1c0b9a8f7e"] = Keypair(
        "3f2e1d0c-9b8a-4756-8493-2d1c0b9a8f7e", "ops", "0c50540313a34f8a861090cbb925708d"
    )
    for group in (
        SecurityGroup("default", "Default"),
        SecurityGroup("47dbab7c-f7fa-4d6b-8126-973b6f162406", "db", "in:allow tcp 5432", LAB_PROJECT),
        SecurityGroup("7d347cc1-f014-4b2e-8f2f-b42619cc3082", "web", "in:allow tcp 443", LAB_PROJECT),
    ):
        inventory.security_groups[group.id] = group
    address = ElasticAddress(
        "f2cab322-c8f4-44bc-86c4-41b41d1c3f99",
        "eip-1",
        str(inventory.networks[EIP_NETWORK].take()),
        network_id=EIP_NETWORK,
        project_id=LAB_PROJECT,
        created_at=FOUNDED,
        updated_at=FOUNDED,
    )
    inventory.addresses[address.id] = address
    inventory.storages[STORAGE] = Storage(STORAGE, "stub_local0", zone)
    for number in (1, 2):
        ident = f"a1b2c3d4-0000-4000-8000-00000000000{number}"
        inventory.devices[ident] = Device(ident, f"gpu-{number}", "GPU-HPC", "Tesla T4")
    inventory.schedtags.add("0d5f6c1e-8a39-4c52-9d0e-2f1b7c6a9e11")
    spread = InstanceGroup("9b0cbb16-32f1-4c0b-8d55-6f8b7f0a1c22", "spread", 1, LAB_PROJECT)
    inventory.groups[spread.id] = spread
    return inventory
