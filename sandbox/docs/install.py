"""install.yaml: the chart with its defaults, for those who use kubectl and no Helm."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from sandbox.cluster import tools
from sandbox.docs.chart import CHART

NAMESPACE: Final = "onecloud-system"
RELEASE: Final = "onecloud-operator"

HEAD: Final = f"""\
# Made of helm/onecloud-operator by `make generate`; a change belongs there.
# The image is on no public registry, so build and push it, name it here, and apply; upgrades are the same:
#   sed 's#image: onecloud-operator:#image: registry.example.com/onecloud-operator:#' install.yaml |
#     kubectl apply --server-side -f -
# Uninstall:           kubectl delete -f install.yaml -l app.kubernetes.io/component!=definition
# Without -l the definition goes, with it every OneCloudServer, and the operator puts their servers into the bin.
# With it the definition stays, and so does the namespace: there may be objects and their Secrets in it.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    app.kubernetes.io/component: definition
    pod-security.kubernetes.io/enforce: restricted
"""
# What only Helm reads.
HELMS: Final = re.compile(r"^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n", re.MULTILINE)
GAP: Final = re.compile(r"\n\n+(?=---\n)|\n\n+\Z")
SOURCE: Final = re.compile(r"^# Source: .*\n", re.MULTILINE)


def page() -> str:
    """Return the manifests. Raises ToolError if there is no Helm to render them with."""
    # Without the policy: who deletes the file's objects with kubectl decides about the definition, too.
    command = [
        "template",
        RELEASE,
        str(CHART),
        f"--namespace={NAMESPACE}",
        "--no-hooks",
        "--set=crds.keep=false",
    ]
    rendered = subprocess.run(
        [str(tools.helm()), *command], check=True, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    ).stdout
    return HEAD + GAP.sub("\n", SOURCE.sub("", HELMS.sub("", rendered)))
