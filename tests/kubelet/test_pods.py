"""What a Pod is given, and how it runs to its end."""

from pathlib import Path

import pytest

from sandbox.cluster.kube import Kube
from sandbox.cluster.kubelet import Kubelet
from tests.kubelet.pods import LONG, is_ready, main_of, phase, pod, spec

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def test_a_pod_runs_to_its_end_and_its_log_is_kept(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    kube.create(pod("one", spec("print('hello')", policy="Never")), namespace=namespace)
    found = kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    assert main_of(found)["state"]["terminated"]["exitCode"] == 0
    assert found["spec"]["nodeName"] == "sandbox"
    assert "hello" in kubelet.logs(namespace, "one")


def test_a_pod_that_fails_and_may_not_be_restarted_has_failed(kube: Kube, namespace: str) -> None:
    kube.create(pod("one", spec("raise SystemExit(7)", policy="Never")), namespace=namespace)
    found = kube.wait_for("pods", "one", namespace, phase("Failed"), LONG)
    assert main_of(found)["state"]["terminated"]["exitCode"] == 7


def test_a_crash_is_followed_by_restarts_after_growing_waits(kube: Kube, namespace: str) -> None:
    kube.create(pod("one", spec("raise SystemExit(7)")), namespace=namespace)
    found = kube.wait_for(
        "pods", "one", namespace, lambda found: main_of(found).get("restartCount", 0) >= 3, LONG
    )
    assert main_of(found)["lastState"]["terminated"]["exitCode"] == 7
    assert not is_ready(found)


def test_the_pod_is_given_what_its_spec_declares(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    kube.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "secret"}},
        namespace=namespace,
    )
    kube.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"k": "config", "FROM": "map"},
        },
        namespace=namespace,
    )
    env = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "CONFIG", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "x", "optional": True}}},
        {"name": "BOTH", "value": "$(NAME)-$(LABEL)-$$(NAME)-$(UNKNOWN)"},
    ]
    names = "NAME LABEL NODE SECRET CONFIG FROM NONE BOTH"
    code = f"import os; print([os.environ.get(name) for name in '{names}'.split()])"
    wanted = spec(code, policy="Never", env=env, envFrom=[{"configMapRef": {"name": "c"}}])
    kube.create(pod("one", wanted), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    expected = ["one", "x", "sandbox", "secret", "config", "map", None, "one-x-$(NAME)-$(UNKNOWN)"]
    assert str(expected) in kubelet.logs(namespace, "one")


def test_a_service_leaves_its_variables_in_the_pods_of_its_namespace(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    """They are why a program must bear unknown variables, or its chart turn them off."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "my-db"},
        "spec": {"ports": [{"port": 5432}]},
    }
    kube.create(service, namespace=namespace)
    code = "import os; print('port', os.environ.get('MY_DB_SERVICE_PORT'))"
    kube.create(pod("linked", spec(code, policy="Never")), namespace=namespace)
    alone = spec(code, policy="Never") | {"enableServiceLinks": False}
    kube.create(pod("alone", alone), namespace=namespace)
    for name, expected in (("linked", "port 5432"), ("alone", "port None")):
        kube.wait_for("pods", name, namespace, phase("Succeeded"), LONG)
        assert expected in kubelet.logs(namespace, name)


def test_a_container_waits_for_the_secret_that_it_names(kube: Kube, namespace: str) -> None:
    env = [{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "later", "key": "k"}}}]
    kube.create(pod("one", spec("", policy="Never", env=env)), namespace=namespace)
    found = kube.wait_for(
        "pods",
        "one",
        namespace,
        lambda found: "message" in main_of(found).get("state", {}).get("waiting", {}),
        LONG,
    )
    assert main_of(found)["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": "secrets 'later' not found",
    }
    kube.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "later"}, "stringData": {"k": "v"}},
        namespace=namespace,
    )
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)


@pytest.mark.parametrize("image", ["nobody/knows:1", "python:4", "python", "python:3-slim", "a/python:3"])
def test_an_unknown_image_is_not_pulled_from_anywhere(kube: Kube, namespace: str, image: str) -> None:
    """What only begins alike is another image."""
    kube.create(pod("one", spec("", image=image)), namespace=namespace)
    kube.wait_for(
        "pods",
        "one",
        namespace,
        lambda found: main_of(found).get("state", {}).get("waiting", {}).get("reason") == "ErrImagePull",
        LONG,
    )


def test_a_pod_speaks_to_the_api_server_as_its_service_account(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    """What every client library reads is where it reads it, and the machine's own /var/run is left alone."""
    code = f"""
import json, os, pathlib, ssl, urllib.request
here = pathlib.Path("{ACCOUNT}")
api = f"https://{{os.environ['KUBERNETES_SERVICE_HOST']}}:{{os.environ['KUBERNETES_SERVICE_PORT']}}"
review = {{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}}
request = urllib.request.Request(
    api + "/apis/authentication.k8s.io/v1/selfsubjectreviews", json.dumps(review).encode(),
    {{"Authorization": "Bearer " + (here / "token").read_text(), "Content-Type": "application/json"}},
)
context = ssl.create_default_context(cafile=str(here / "ca.crt"))
print(json.load(urllib.request.urlopen(request, context=context))["status"]["userInfo"])
print("namespace", (here / "namespace").read_text())
"""
    kube.create(pod("one", spec(code, policy="Never")), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    assert f"system:serviceaccount:{namespace}:default" in kubelet.logs(namespace)
    assert f"namespace {namespace}\n" in kubelet.logs(namespace)
    assert "'authentication.kubernetes.io/pod-name': ['one']" in kubelet.logs(namespace)
    assert not Path(ACCOUNT, "token").exists()


def test_a_pod_without_a_token_gets_none(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    code = f"import os; print('token', os.path.exists('{ACCOUNT}/token'))"
    wanted = spec(code, policy="Never") | {"automountServiceAccountToken": False}
    kube.create(pod("one", wanted), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    assert "token False" in kubelet.logs(namespace)


def test_init_containers_run_first_and_one_after_the_other(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    code = """
import os, pathlib
turns = pathlib.Path(os.environ["TMPDIR"], "turns")
print("turn", len(turns.read_text()) if turns.exists() else 0)
turns.open("a").write("x")
"""
    wanted = spec(code, policy="Never")
    first = [{**wanted["containers"][0], "name": name} for name in ("first", "second")]
    kube.create(pod("one", {**wanted, "initContainers": first}), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    logs = kubelet.logs(namespace)
    assert all(f"{name}.log\nturn {turn}" in logs for turn, name in enumerate(("first", "second", "main")))
