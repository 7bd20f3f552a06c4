"""Run a cluster to try an installation on: ``python -m sandbox.cluster.kubelet [--argocd]``."""

import argparse
import sys
import threading
from contextlib import ExitStack
from functools import partial

from sandbox import plugin
from sandbox.cluster import tools
from sandbox.cluster.argo import Argo, ArgoError, shared_repository
from sandbox.cluster.control_plane import ControlPlane, ControlPlaneError
from sandbox.cluster.foreground import foreground
from sandbox.cluster.scratch import scratch
from sandbox.sourced import Node, playground
from sandbox.stage import Cloud, StageError
from tools.progress import StepError, say

from .node import Kubelet, KubeletError

STEP_SECONDS = 1.0  # slow enough to see a server being made
WELCOME = """
In another shell, in the checkout:

  . {environment}

This names the cluster, helm, kubectl with its plugin onecloud and the image,
and puts credentials for the simulated cloud into the file rcadmin. Go on with
"Install" in README.md.

To make servers that no object has, so that there is something to import:

  for i in $(seq 50); do cloud add_server '{{"name": "old-'$i'"}}'; done

To break something, once there are servers:

  cloud power '{{"ident": "shop.web-1", "on": false}}'  # switch a server off
  cloud recycle '{{"ident": "shop.web-1"}}'             # delete it
  cloud fill_hosts                                    # no host has room left
  cloud fault '{{"effect": "answer", "count": null}}'   # every call fails
  cloud clear_faults                                  # no call fails any more

sandbox/cloud/control.py has more. To see the metrics of the operator:

  metrics
"""


def main() -> int:
    """Start, print what a shell needs, wait for Ctrl-C, stop."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.cluster.kubelet",
        description="A cluster with one node and a simulated cloud, to try an installation on.",
    )
    parser.add_argument("--argocd", action="store_true", help="run Argo CD in it, too")
    return foreground(
        partial(_up, argocd=parser.parse_args().argocd),
        *(ArgoError, ControlPlaneError, KubeletError, StageError, StepError, tools.ToolError),
    )


def _up(*, argocd: bool) -> None:
    programs = {tools.helm().parent, tools.kubectl().parent}
    with ExitStack() as stack:
        cluster = stack.enter_context(ControlPlane(controllers=True))
        kubelet = stack.enter_context(Kubelet(cluster))
        cloud = stack.enter_context(Cloud(step_seconds=STEP_SECONDS))
        directory = stack.enter_context(scratch())
        names = {"IMAGE": "onecloud-operator"}
        if argocd:
            stack.enter_context(Argo(cluster, path=tuple(programs)))
            for name, repository in (("OPERATOR", "onecloud-operator.git"), ("SERVERS", "servers.git")):
                names[name] = shared_repository(directory / repository)
        names |= {"KUBECONFIG": str(cluster.kubeconfig), "CLOUD": cloud.url}
        programs.add(plugin.install(directory / "bin", simulated=True))
        node = Node(kubelet.url, cluster.authority)
        environment = playground(directory, names, tuple(programs), cloud.secret_data, node)
        say("the playground is ready; Ctrl-C stops it and removes its data")
        print(WELCOME.format(environment=environment), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
