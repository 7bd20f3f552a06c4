"""
A newcomer's hour: each command of the README as it is written, up to the removal, and what it prints.

It is played in a terminal of 80 columns, and fits there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import yaml

from sandbox.stage import ROOT
from tests.e2e.user import condition
from tests.install.pages import INSTALLING, README, Block, blocks, inline, shell, step
from tests.install.site import KIND, LONG
from tests.sandbox.terminal import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.install.pages import Shell
    from tests.install.site import Site

# What no reader's shell of a test has, and who runs it instead.
ELSEWHERE = {
    "make demo": "tests/sandbox/test_demo.py",
    "make playground": "tests/sandbox/test_playground.py",
    "make image": "tests/image/test_image.py",
    "docker push": "nobody: it needs a registry",
    "climc": "nobody: it is the platform's client",
}
# Whole messages and manifests, as they were said.
WIDE = ("kubectl -n shop describe", "kubectl -n onecloud-system logs", "kubectl onecloud import")
CHANGING = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:\d+m)?\d+s\b")


@dataclass
class Reader:
    """A reader of the README, who has *named* things and run commands."""

    shell: Shell
    named: str = ""
    run: set[str] = field(default_factory=set)

    def block(self, words: str) -> str:
        """Run the only block that has these words; return what it prints, which is what the page says."""
        (block,) = (each for each in blocks(README) if words in each.commands)
        self.run.add(block.commands)
        printed = self._show(self.named + _runnable(block))
        assert not block.output or _lasting(printed) == _lasting(block.output)
        return printed

    def line(self, words: str) -> str:
        """Run the only command in a sentence or table that has these words; return what it prints."""
        (command,) = (each for each in inline(README) if words in each)
        self.run.add(command)
        return self._show(command)

    def _show(self, commands: str) -> str:
        """Run commands in a terminal of 80 columns; return what it shows, which fits there."""
        shown = self.shell.on_a_terminal(commands)
        wide = [line for line in shown.splitlines() if len(line) > COLUMNS]
        assert not wide or any(words in commands for words in WIDE), wide
        return shown


@pytest.fixture
def reader(site: Site, tmp_path: Path) -> Reader:
    """Give a reader, whose namespace is removed in the end."""
    site.namespaces.append("shop")
    return Reader(shell(tmp_path, site.cluster, site.cloud))


def test_every_command_does_what_the_readme_says(site: Site, reader: Reader) -> None:
    """The node knows the image by the name that the README gives it."""
    reader.block("make demo")
    reader.block("make image")
    reader.named = "IMAGE=registry.example.com/onecloud-operator\n"
    assert reader.named in next(each for each in blocks(README) if "make image" in each.commands).commands
    installed = reader.block("helm install")
    assert "STATUS: deployed" in installed
    assert re.search(r"Phase: +Succeeded", installed)
    assert _lines(reader.block("create namespace shop")) == [
        "namespace/shop created",
        "secret/onecloud created",
    ]
    reader.block("climc image-list")
    reader.block("kubectl apply")
    made = site.get(namespace="shop")
    assert reader.block('ssh "$(').strip() == f"root@{made['status']['ip']}"

    assert "keypair" in reader.line("explain")
    assert re.search(r"shop +web-1 +True +Running +UpToDate", reader.line("get ocs -A"))
    assert re.search(r"Reason: +UpToDate", reader.line("describe"))
    assert "web-1" in reader.block("leader=")
    _ask_the_plugin(site, reader)
    assert reader.line("onecloud.io/freeze=true") == "namespace/shop annotated\n"
    reader.shell("kubectl annotate namespace shop onecloud.io/freeze-")
    assert reader.line("reconcile-requested-at") == "onecloudserver.onecloud.io/web-1 annotated\n"
    site.until(lambda: "lastHandledReconcileAt" in site.get(namespace="shop")["status"], "it is looked at")
    assert "annotated" in reader.line("restart-requested-at")
    site.until(
        lambda: condition(site.get(namespace="shop")["status"], "Synced").get("reason") == "RestartNeeded",
        "nobody has allowed a restart",
    )
    assert "annotated" in reader.line("paused")
    paused = site.kube.wait_for(
        KIND, "web-1", "shop", lambda found: bool(condition(found["status"], "Paused")), LONG
    )
    assert condition(paused["status"], "Paused")["status"] == "True"

    assert '"web-1" deleted' in reader.line("delete ocs")
    (server,) = site.cloud.servers()
    assert server["pending_deleted"]

    reader.block("kubectl apply")
    assert "annotated" in reader.line("force-detach")
    reader.line("delete ocs")
    assert [each["pending_deleted"] for each in site.cloud.servers()].count(False) == 1, "it is kept"

    removed = reader.shell.on_a_terminal(step(INSTALLING, "Removing everything", "helm uninstall"))
    assert 'release "onecloud-operator" uninstalled' in removed
    assert site.kube.get("CustomResourceDefinition", "onecloudservers.onecloud.io") is None
    assert [each["pending_deleted"] for each in site.cloud.servers()].count(False) == 1, "and is kept still"

    everything = {each.commands for each in blocks(README)} | set(inline(README))
    assert {
        command for command in everything - reader.run if not command.startswith(tuple(ELSEWHERE))
    } == set()


def _ask_the_plugin(site: Site, reader: Reader) -> None:
    """See that each of its commands says what the table has it for."""
    assert reader.line("onecloud why").startswith("web-1 in shop: as wanted (UpToDate)\n")
    reader.shell("mkdir manifests; cp examples/servers/minimal.yaml manifests")
    assert "shop/web-1" in reader.line("onecloud plan")
    reader.shell("kubectl config set-context --current --namespace=shop")
    old = site.cloud.call("add_server", name="old-1")
    assert "name: old-1" in reader.line("onecloud import")
    site.cloud.call("erase", idents=[old])
    reader.shell("kubectl config set-context --current --namespace=default")


def test_the_manifest_of_the_readme_is_the_example() -> None:
    (manifest,) = re.findall(r"^```yaml\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    example = (ROOT / "examples" / "servers" / "minimal.yaml").read_text()
    assert yaml.safe_load(manifest) == yaml.safe_load(example)


def test_what_is_said_to_be_run_elsewhere_is() -> None:
    for where in ELSEWHERE.values():
        assert where.startswith("nobody: ") or (ROOT / where).exists()


def _runnable(block: Block) -> str:
    """Return the commands that can be run here; nobody answers by SSH, so the address is only printed."""
    kept = (line for line in block.commands.splitlines(True) if not line.startswith(tuple(ELSEWHERE)))
    return re.sub(r"^ssh ", "echo ", "".join(kept), flags=re.MULTILINE)


def _lines(printed: str) -> list[str]:
    return [" ".join(line.split()) for line in printed.splitlines() if line.strip()]


def _lasting(printed: str) -> list[str]:
    """Return the lines without what is different each time: addresses and ages."""
    return [CHANGING.sub("…", line) for line in _lines(printed)]
