"""Run a cluster to try an installation on: ``python -m sandbox.cluster.kubelet [--argocd]``."""

import argparse
import os
import shlex
import sys
import threading
from contextlib import ExitStack

from sandbox.cluster import tools
from sandbox.cluster.argo import Argo, ArgoError, shared_repository
from sandbox.cluster.control_plane import ControlPlane, ControlPlaneError
from sandbox.cluster.scratch import scratch
from sandbox.stage import Cloud, StageError
from tools.progress import StepError, say

from .node import Kubelet, KubeletError

STEP_SECONDS = 1.0  # slow enough to see a server being made


def main() -> int:
    """Start, print what a shell needs, wait for Ctrl-C, stop."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.cluster.kubelet",
        description="A cluster with one node and a simulated cloud, to try an installation on.",
    )
    parser.add_argument("--argocd", action="store_true", help="run Argo CD in it, too")
    try:
        _up(argocd=parser.parse_args().argocd)
    except KeyboardInterrupt:
        say("stopped")
    except (ArgoError, ControlPlaneError, KubeletError, StageError, StepError, tools.ToolError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _up(*, argocd: bool) -> None:
    programs = tuple({tools.helm().parent, tools.kubectl().parent})
    with ExitStack() as stack:
        cluster = stack.enter_context(ControlPlane(controllers=True))
        stack.enter_context(Kubelet(cluster))
        cloud = stack.enter_context(Cloud(step_seconds=STEP_SECONDS))
        directory = stack.enter_context(scratch())
        names = {"IMAGE": "onecloud-operator"}
        if argocd:
            stack.enter_context(Argo(cluster, path=programs))
            for name, repository in (("OPERATOR", "onecloud-operator.git"), ("SERVERS", "servers.git")):
                names[name] = shared_repository(directory / repository)
        rcadmin = directory / "rcadmin"
        rcadmin.touch(0o600)
        rcadmin.write_text(
            "".join(f"export {name}={shlex.quote(text)}\n" for name, text in cloud.secret_data.items())
        )
        say("the cluster is ready; Ctrl-C stops it and removes its data")
        print(f"export KUBECONFIG={cluster.kubeconfig}")
        print(f"export PATH={os.pathsep.join(map(str, programs))}:$PATH")
        for name, text in names.items():
            print(f"export {name}={text}")
        print(f"cp {rcadmin} rcadmin  # credentials for the simulated cloud", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
