"""Run a control plane in the foreground: ``python -m sandbox.cluster up [--controllers] [--crds PATH]``."""

import argparse
import sys
import threading
from functools import partial
from pathlib import Path

from tools.progress import StepError, say

from .control_plane import ControlPlane, ControlPlaneError
from .foreground import foreground
from .tools import ToolError


def main() -> int:
    """Start, print the kubeconfig, wait for Ctrl-C, stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.cluster", description="A local Kubernetes API.")
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser("up", help="start it and stay until Ctrl-C")
    up.add_argument("--controllers", action="store_true", help="also run kube-controller-manager")
    up.add_argument("--crds", type=Path, help="a file or directory of CustomResourceDefinitions to install")
    return foreground(partial(_up, parser.parse_args()), ControlPlaneError, ToolError, StepError)


def _up(arguments: argparse.Namespace) -> None:
    with ControlPlane(controllers=arguments.controllers) as control_plane:
        if arguments.crds:
            control_plane.install_crds(arguments.crds)
        say("the API server is ready; Ctrl-C stops it and removes its data")
        print(f"export KUBECONFIG={control_plane.kubeconfig}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
