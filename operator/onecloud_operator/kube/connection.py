"""The connection to the Kubernetes API, for our own calls and for kopf."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import kopf
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration

from onecloud_operator.settings import SettingsError


async def configuration() -> Configuration:
    """
    Return the configuration of the ServiceAccount, else that of the user's kubeconfig.

    Raises SettingsError if there is neither.
    """
    made = Configuration()
    try:
        kubernetes_config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]  # generated
    except kubernetes_config.ConfigException:
        try:
            await kubernetes_config.load_kube_config(client_configuration=made)  # type: ignore[no-untyped-call]  # generated
        except (kubernetes_config.ConfigException, OSError) as error:
            msg = "no cluster: not in a Pod with a ServiceAccount, and no usable kubeconfig (KUBECONFIG)"
            raise SettingsError(msg) from error
    # The environment is read once here: aiohttp would do so for every request, in a thread.
    made.proxy = made.proxy or _proxy_for(made.host)
    made.client_session_kwargs = {"trust_env": False}
    # On by default since Python 3.13; refuses the CA certificates of many clusters.
    made.disable_strict_ssl_verification = True
    return made


def _proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for *url*."""
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)


def for_kopf(found: Configuration) -> kopf.ConnectionInfo:
    """Return the same for kopf, which has its own connections."""
    header = found.api_key.get("BearerToken", "")
    scheme, _, token = header.rpartition(" ")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        username=found.username or None,
        password=found.password or None,
        scheme=scheme or None,
        token=token or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
    )
