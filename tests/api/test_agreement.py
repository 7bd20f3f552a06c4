"""The model and the API server judge alike: whatever is written, both take it or both refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from onecloud_operator.api.spec import Spec
from sandbox.cluster.kube import KubeError
from tests.api.manifests import SPEC, manifest, merged

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

# Whatever two implementations of one rule could see differently.
TEXTS = st.sampled_from(
    [
        "", "a", "ab", " a", "a ", "a\n", "a\nb", "a\tb", "\u00a0a", "a\u2028", "a\u0085",
        "ab\u200b", "\ufeffab", "ab\u3000", "\u1680ab", "ab\x0b", "ab\x1f", "K", "k", "É", "K3",
        "k3", "é" * 64, "é" * 65, "é" * 128,
        "é" * 129, "😀" * 32, "😀" * 64, "😀" * 65, "😀" * 128, "😀" * 129, "x" * 60, "x" * 61, "x" * 128,
        "x" * 129, "A", "a.b", "a-", "-a", "a_b", "a/b", "a;b", "a\\b", "\u0130", "\u212a", "NONE", "nUll",
        "#!/bin/sh", "#cloud-config", " #!/", "ﬁ", "a\x7f", "vnet-1", "10.0.0.1", "१",
    ]
)  # fmt: skip
SIZES = st.sampled_from(
    [
        "1Mi", "7Mi", "8Mi", "1024Mi", "1Gi", "512Gi", "513Gi", "524288Mi", "1Ti", "64Ti", "65Ti", "65536Gi",
        "0Gi", "01Gi", "1G", "1.5Gi", "1", "1Gi\n", "1Gi ", "1gi", "999999999Gi", "1000000000Gi", "१Gi",
    ]
)  # fmt: skip
ADDRESSES = st.sampled_from(
    [
        "10.0.0.5", "10.0.0.05", "10.0.0", "010.0.0.1", "256.0.0.1", "1.2.3.4 ", "::", "::1", "fe80::1%eth0",
        "::ffff:1.2.3.4", "::ffff:102:304", "1::2::3", "2001:DB8::1", "0:0:0:0:0:0:0:0:0", "1.2.3.4/24", "",
        "::1.2.3.4", "1:2:3:4:5:6:7::", "१.0.0.1",
    ]
)  # fmt: skip
NUMBERS = st.sampled_from([-1, 0, 1, 2, 15, 16, 128, 129, 100_000, 100_001, 2**31, 2**63])
FLAGS = st.sampled_from([True, False, "true", 1, None])
ODD = st.sampled_from([None, [], {}, "", 0, True, "x", [None], {"a": None}])


def one_of(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return one of these, and rarely something that is none of them."""
    return st.integers(0, 19).flatmap(lambda number: ODD if number == 0 else st.one_of(*strategies))


DISKS = st.fixed_dictionaries(
    {"name": st.sampled_from(["data", "log", "Data", "", "a" * 64, None, 1]), "size": SIZES},
    optional={
        "medium": st.sampled_from(["SSD", "ssd"]),
        "backend": TEXTS,
        "diskID": st.sampled_from(["d-1", "d-2", "D 1", None]),
        "reclaimPolicy": st.sampled_from(["Retain", "Recycle", "Keep", None]),
    },
)
NETWORKS = st.fixed_dictionaries(
    {"network": TEXTS},
    optional={
        "address": ADDRESSES,
        "address6": ADDRESSES,
        "default": FLAGS,
        "bandwidth": NUMBERS,
        "mac": TEXTS,
    },
)
EIPS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "id": TEXTS,
        "bandwidth": NUMBERS,
        "chargeType": st.sampled_from(["Bandwidth", "Traffic", "traffic", None]),
        "network": TEXTS,
        "none": FLAGS,
    },
)
DEVICES = st.fixed_dictionaries({}, optional={"id": TEXTS, "type": TEXTS, "model": TEXTS})
SERVERS = st.fixed_dictionaries(
    {},
    optional={
        "name": one_of(TEXTS),
        "description": one_of(TEXTS),
        "hostname": one_of(TEXTS),
        "hypervisor": one_of(TEXTS),
        "instanceType": one_of(TEXTS),
        "cpu": one_of(NUMBERS),
        "memory": one_of(SIZES),
        "image": one_of(TEXTS),
        "rootDisk": one_of(st.fixed_dictionaries({}, optional={"size": SIZES, "cache": TEXTS})),
        "dataDisks": one_of(st.lists(DISKS, max_size=3)),
        "networks": one_of(st.lists(NETWORKS, max_size=3)),
        "securityGroups": one_of(st.lists(TEXTS, max_size=3)),
        "adminUser": one_of(TEXTS),
        "eip": one_of(EIPS),
        "userData": one_of(TEXTS),
        "userDataFrom": one_of(
            st.fixed_dictionaries({"secretKeyRef": st.fixed_dictionaries({"name": TEXTS, "key": TEXTS})})
        ),
        "powerState": one_of(st.sampled_from(["Running", "Stopped", "Unmanaged", "running"])),
        "tags": one_of(st.dictionaries(TEXTS, TEXTS, max_size=3)),
        "isolatedDevices": one_of(st.lists(DEVICES, max_size=2)),
        "instanceGroups": one_of(st.lists(TEXTS, max_size=2)),
        "placement": one_of(st.fixed_dictionaries({}, optional={"zoneID": TEXTS, "host": TEXTS})),
        "hardware": one_of(
            st.fixed_dictionaries({}, optional={"bootOrder": TEXTS, "bios": TEXTS, "sourceIPCheck": FLAGS})
        ),
        "billing": one_of(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["Postpaid", "Prepaid"])},
                optional={"duration": st.sampled_from(["1M", "0M", "72h", "1M\n"]), "autoRenew": FLAGS},
            )
        ),
    },
)
ADOPTIONS = st.fixed_dictionaries(
    {},
    optional={"policy": st.sampled_from(["Never", "Adopt", "AdoptOrCreate"]), "id": TEXTS, "name": TEXTS},
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "server": SERVERS,
        "adoption": one_of(ADOPTIONS),
        "managementPolicy": one_of(st.sampled_from(["Manage", "Observe"])),
        "onExternalDeletion": st.sampled_from(["Report", "Recreate"]),
        "deletionProtection": FLAGS,
        "credentialsRef": one_of(st.fixed_dictionaries({"name": TEXTS})),
    },
)


def taken_by_the_model(spec: dict[str, Any]) -> bool:
    try:
        Spec.model_validate(spec)
    except ValidationError:
        return False
    return True


def taken_by_the_api_server(kube: Kube, spec: dict[str, Any]) -> bool:
    try:
        kube.create(manifest("default", spec), dry_run=True)
    except KubeError as refusal:
        if refusal.status not in {400, 422}:
            raise
        return False
    return True


@given(CHANGES)
@example({"providerRef": {"name": "lab"}})
@example({"credentialsRef": None})
@example({"credentialsRef": None, "providerRef": {"name": "lab"}})
@example({"credentialsRef": None, "providerRef": {"name": "Lab"}})
@example({"server": {"tags": {"a": "\u212a"}}})
@example({"server": {"name": "😀" * 128}})
@example({"server": {"networks": [{"network": "a", "address6": "::ffff:1.2.3.4"}]}})
@example({"server": {"eip": {"name": "eip-1"}}})
@example({"server": {"eip": {"bandwidth": 10, "chargeType": "Traffic", "network": "vnet-1"}}})
@example({"server": {"eip": {"none": True}}})
@example({"server": {"eip": {"none": False}}})
@example({"server": {"eip": {"name": "eip-1", "bandwidth": 10}}})
@example({"server": {"eip": {"id": "eip-1", "chargeType": "Traffic"}}})
@settings(
    max_examples=1200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_model_takes_what_the_api_server_takes(kube: Kube, changes: dict[str, Any]) -> None:
    spec = merged(SPEC, changes)
    assert taken_by_the_model(spec) == taken_by_the_api_server(kube, spec)
