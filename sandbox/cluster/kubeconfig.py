"""A kubeconfig file for one user of the local control plane, with everything embedded."""

import base64
import json
import os
from pathlib import Path


def write(path: Path, *, url: str, authority: Path, user: str, token: str) -> None:
    """Write the file for *user*, readable by us alone. JSON is YAML, and needs no library."""
    certificate = base64.b64encode(authority.read_bytes()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "sandbox", "cluster": {"server": url, "certificate-authority-data": certificate}}
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {"name": "sandbox", "context": {"cluster": "sandbox", "user": user, "namespace": "default"}}
        ],
        "current-context": "sandbox",
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
