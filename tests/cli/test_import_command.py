"""``import``, as a person calls it: what is read, what is written, and what is said of the rest."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from sandbox.cluster import tools
from tests.e2e.clouds import cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.cli.conftest import Desk, Said
    from tests.e2e.warm import Cloud

__all__ = ["cloud"]  # for pytest, which finds fixtures by their names here


@pytest.fixture
def run(desk: Desk, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Give the command, in a shell that has read the project's file."""
    for key, value in cloud.secret_data.items():
        monkeypatch.setenv(key, value)
    cloud.call("add_server", name="web-1", tags={"user:team": "shop"})
    cloud.call("add_server", name="Data Base")
    return lambda *arguments: desk.run("import", *arguments, "--shell")


def documents(said: Said) -> list[dict[str, Any]]:
    assert said.code == 0, said.err
    return list(yaml.safe_load_all(said.out))


def names(said: Said) -> list[str]:
    return [document["metadata"]["name"] for document in documents(said)]


def test_the_whole_project_is_one_stream_of_yaml_that_the_api_server_takes(
    run: Callable[..., Said], desk: Desk
) -> None:
    found = documents(run())
    first, second = found
    assert first["metadata"]["name"].startswith("data-base-")
    assert second["metadata"] == {"name": "web-1", "namespace": desk.namespace}
    assert second["spec"]["credentialsRef"] == {"name": "onecloud"}
    for document in found:
        stored = desk.kube.apply(document, force=True)
        assert stored["spec"]["adoption"]["id"] == document["spec"]["adoption"]["id"]


def test_a_secret_leads_to_this_machine_only_where_the_shell_says_so(
    desk: Desk, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the playground, whose operator may."""
    desk.kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "onecloud", "namespace": desk.namespace},
            "stringData": dict(cloud.secret_data),
        }
    )
    cloud.call("add_server", name="web-1")
    said = desk.run("import")
    assert said.code == 1
    assert "lead to an address that no Secret may name: " in said.err
    assert "--shell" in said.err
    monkeypatch.setenv("ONECLOUD_OPERATOR_ALLOW_LOOPBACK", "true")
    assert names(desk.run("import")) == ["web-1"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_kubectl_applies_it_as_it_is(
    run: Callable[..., Said], control_plane: ControlPlane, cloud: Cloud, form: str
) -> None:
    """Whatever the tags are: Go's parser of YAML takes more for numbers and truth values than Python's."""
    tags = {f"user:{value}": value for value in ("1e3", "on", "0o7", "1_000", "2026-11-30", "=", "a: b #")}
    cloud.call("add_server", name="1e3", tags=tags)
    cloud.call("add_server", name="binned")
    cloud.call("recycle", ident="binned")
    command = [str(tools.kubectl()), "--kubeconfig", str(control_plane.kubeconfig), "apply", "-f", "-"]
    said = run("-o", form)
    applied = subprocess.run(command, input=said.out, capture_output=True, text=True, check=False, timeout=60)
    assert applied.returncode == 0, applied.stderr
    assert len(applied.stdout.splitlines()) == 3
    assert applied.stderr == ""


def test_servers_are_selected_by_name_tag_network_and_host(run: Callable[..., Said]) -> None:
    assert names(run("web-*")) == ["web-1"]
    assert names(run("--tag", "team=shop")) == ["web-1"]
    assert names(run("--tag", "team")) == ["web-1"]
    assert len(names(run("--network", "VNET0"))) == 2
    assert run("--network", "vnet-db").code == 1
    assert len(names(run("--host", "stubhost0"))) == 2


@pytest.mark.parametrize(
    "arguments", [("api-*",), ("--tag", "team=ops"), ("--host", "elsewhere")], ids=["name", "tag", "host"]
)
def test_a_selection_of_nothing_is_told(run: Callable[..., Said], arguments: tuple[str, ...]) -> None:
    said = run(*arguments)
    assert (said.code, said.out) == (1, "")
    assert "no server is selected, of 2 servers in the project" in said.err


def test_a_network_that_there_is_not_is_named(run: Callable[..., Said]) -> None:
    said = run("--network", "vnet-99")
    assert said.code == 1
    assert "the project sees no network vnet-99" in said.err


def test_json_is_a_list_for_kubectl_with_what_is_left_out_beside_it(
    run: Callable[..., Said], cloud: Cloud
) -> None:
    cloud.call("recycle", ident="web-1")
    said = run("-o", "json")
    assert said.code == 0
    assert said.json["kind"] == "List"
    assert [item["kind"] for item in said.json["items"]] == ["OneCloudServer"]
    (told,) = said.json["leftOut"]
    assert told["name"] == "web-1"
    assert "recycle bin" in told["why"]
    assert "left out: web-1" in said.err


def test_a_directory_gets_a_file_each_and_keeps_what_a_person_has_changed(
    run: Callable[..., Said], tmp_path: Path
) -> None:
    where = tmp_path / "servers"
    assert run("web-1", "-d", str(where)).out == f"{where / 'web-1.yaml'} written\n"
    assert run("web-1", "-d", str(where)).out == f"{where / 'web-1.yaml'} unchanged\n"
    said = run("web-1", "--manage", "-d", str(where))
    assert said.code == 1
    assert "add --overwrite" in said.err
    assert "Observe" in (where / "web-1.yaml").read_text()
    said = run("web-1", "--manage", "--overwrite", "-d", str(where), "-o", "json")
    assert said.json["items"] == [{"file": str(where / "web-1.yaml"), "state": "written"}]
    assert "managementPolicy: Manage" in (where / "web-1.yaml").read_text()
    assert [path.name for path in where.iterdir()] == ["web-1.yaml"]


def test_an_object_that_has_the_server_already_is_named(
    run: Callable[..., Said], desk: Desk, cloud: Cloud
) -> None:
    server_id = next(server["id"] for server in cloud.servers() if server["name"] == "web-1")
    desk.apply("mine", adoption={"policy": "Adopt", "id": server_id})
    said = run()
    assert len(documents(said)) == 1
    assert f"the object {desk.namespace}/mine has or adopts it already" in said.err


def test_an_object_of_that_name_with_another_server_keeps_its_name(
    run: Callable[..., Said], desk: Desk
) -> None:
    desk.apply("web-1")
    (name,) = names(run("web-1"))
    assert name.startswith("web-1-")


def test_a_server_whose_owner_is_not_there_any_more_is_taken_in_when_asked_for(
    run: Callable[..., Said], cloud: Cloud
) -> None:
    tags = {"cluster": "prod", "namespace": "shop", "name": "old", "uid": "u-gone"}
    cloud.call("add_server", name="old", tags={f"user:onecloud.io/{k}": v for k, v in tags.items()})
    said = run("old")
    assert (said.out, "owned by shop/old of cluster prod" in said.err) == ("", True)
    assert run("old", "--orphans").out == ""
    assert names(run("old", "--orphans", "--cluster-id", "prod")) == ["old"]


@pytest.fixture
def provider(kube: Kube) -> Iterator[Callable[..., str]]:
    """Give a way to make a provider, with a spec; its name comes back."""
    made: list[str] = []

    def make(namespace: str, **spec: Any) -> str:
        name = f"shared-{uuid4().hex[:8]}"
        kube.apply(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudProvider",
                "metadata": {"name": name},
                "spec": {"secretRef": {"namespace": namespace, "name": "onecloud"}, **spec},
            },
            force=True,
        )
        made.append(name)
        return name

    yield make
    for name in made:
        kube.delete("onecloudproviders", name, None)


def test_servers_are_imported_by_a_provider(
    run: Callable[..., Said], desk: Desk, cloud: Cloud, provider: Callable[..., str]
) -> None:
    name = provider(desk.namespace, allow=["Observe", "Adopt"], allowedNamespaces={"names": [desk.namespace]})
    said = run("--provider", name)
    for document in documents(said):
        assert document["spec"]["providerRef"] == {"name": name}
        assert "credentialsRef" not in document["spec"]
        desk.kube.apply(document, force=True)
    assert said.err == ""


def test_what_a_provider_does_not_allow_is_told_beforehand(
    run: Callable[..., Said], desk: Desk, cloud: Cloud, provider: Callable[..., str]
) -> None:
    defaults = {"tags": {f"default-{number}": "x" for number in range(14)}}
    name = provider(desk.namespace, allow=["Observe"], defaults=defaults)
    cloud.call("add_server", name="tagged", tags={"user:a": "1", "user:b": "2"})
    said = run("tagged", "--provider", name, "--manage")
    (document,) = documents(said)
    assert document["spec"]["server"]["tags"] == {"a": "1"}, "there is room for one beside the defaults"
    assert "the provider does not allow Adopt" in said.err
    assert f"does not allow the namespace {desk.namespace}" in said.err
    assert "the provider's default tags are set on the servers, too" in said.err


def test_no_password_is_printed(run: Callable[..., Said], cloud: Cloud) -> None:
    said = run("-o", "json")
    assert cloud.secret_data["OS_PASSWORD"] not in said.out + said.err


def test_a_secret_that_is_not_there_is_named(desk: Desk) -> None:
    said = desk.run("import", "--secret", "absent")
    assert said.code == 1
    assert "absent" in said.err


def test_a_shell_without_credentials_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OS_AUTH_URL", raising=False)
    said = desk.run("import", "--shell")
    assert said.code == 1
    assert "source the project's shell file first" in said.err
