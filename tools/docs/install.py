"""install.yaml: the chart with its defaults, for those who use kubectl and no Helm."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from sandbox.cluster import tools
from tools.docs.chart import CHART

NAMESPACE: Final = "onecloud-system"
RELEASE: Final = "onecloud-operator"

HEAD: Final = f"""\
# Made of helm/onecloud-operator by `make generate`; a change belongs there.
# Build and push the image, name it here, and apply; upgrades are the same:
#   sed 's#image: onecloud-operator:#image: registry.example.com/onecloud-operator:#' install.yaml |
#     kubectl apply --server-side -f -
# Uninstall:           kubectl delete -f install.yaml -l 'app.kubernetes.io/component notin (crd,namespace)'
# Without -l the CRD is deleted, with it every OneCloudServer, and the operator recycles their servers.
# With it the CRD stays, and so does the namespace, which may hold objects and Secrets of yours.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    app.kubernetes.io/component: namespace
    pod-security.kubernetes.io/enforce: restricted
"""
# What only Helm reads.
HELMS: Final = re.compile(r"^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n", re.MULTILINE)
GAP: Final = re.compile(r"\n\n+(?=---\n)|\n\n+\Z")
SOURCE: Final = re.compile(r"^# Source: .*\n", re.MULTILINE)


def page() -> str:
    """Return the manifests. Raises ToolError if there is no Helm to render them with."""
    # Without the policy: who deletes the file's objects with kubectl decides about the CRD, too.
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
