"""The user's own connection: the kubeconfig's, as kubectl reads it, else the Pod's ServiceAccount."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.config import ConfigException

from onecloud_operator.cli.failure import Failure

POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
CURE: Final = "name a kubeconfig by --kubeconfig or KUBECONFIG; `kubectl config view` shows which one is used"


def load(kubeconfig: str, context: str) -> tuple[Configuration, str]:
    """Return the configuration and the namespace of the context. Raises Failure."""
    made = Configuration()
    try:
        config.load_kube_config(kubeconfig or None, context or None, client_configuration=made)  # type: ignore[no-untyped-call]  # generated
        namespace = _namespace(kubeconfig, context)
    except (ConfigException, OSError, ValueError, TypeError, KeyError) as error:
        if kubeconfig or context or not POD_NAMESPACE.exists():
            raise _unusable(error, context) from error
        try:
            config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]  # generated
        except ConfigException as missing:
            raise _unusable(missing, context) from missing
        namespace = POD_NAMESPACE.read_text().strip()
    made.retries = False  # a person waits, and can try again
    made.disable_strict_ssl_verification = True  # on by default since Python 3.13; refuses many clusters' CAs
    return made, namespace


def contexts(kubeconfig: str) -> list[str]:
    """Return the names of the contexts. Raises Failure."""
    try:
        found, _ = config.list_kube_config_contexts(kubeconfig or None)  # type: ignore[no-untyped-call]  # generated
    except (ConfigException, OSError, ValueError, TypeError, KeyError) as error:
        raise _unusable(error, "") from error
    return [str(each["name"]) for each in found]


def _namespace(kubeconfig: str, context: str) -> str:
    found, active = config.list_kube_config_contexts(kubeconfig or None)  # type: ignore[no-untyped-call]  # generated
    chosen = next((each for each in found if each["name"] == context), active)
    return str(chosen["context"].get("namespace") or "default")


def _unusable(error: Exception, context: str) -> Failure:
    what = f"context {context!r}: " if context else ""
    first = str(error).partition("\n")[0]  # a parser quotes lines of the file, which holds keys
    known = first if isinstance(error, ConfigException | OSError) else type(error).__name__
    return Failure(f"no cluster: {what}no usable kubeconfig ({known})", CURE)
