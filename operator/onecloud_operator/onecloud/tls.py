"""TLS settings, and the contexts made of them, which connections with equal settings share."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from .errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server is verified: by the system's CAs, by *ca_pem* alone, or not at all."""

    ca_pem: str | None = field(default=None, repr=False)
    insecure: bool = False

    @property
    def size(self) -> int:
        """The length of its own CA bundle in characters."""
        return len(self.ca_pem or "")


class Contexts:
    """
    SSL contexts, each cached while in use: they take some 20 kB for each CA.

    That of the system's CAs takes nearly 1 MB and stays cached from its first use on.
    """

    def __init__(self) -> None:
        self._own: WeakValueDictionary[Tls, ssl.SSLContext] = WeakValueDictionary()
        self._default: ssl.SSLContext | None = None

    def of(self, tls: Tls) -> ssl.SSLContext:
        """Return the context for *tls*. Raises InvalidRequest for a bundle that is not PEM."""
        if tls == Tls():
            if self._default is None:
                self._default = ssl.create_default_context()
            return self._default
        found = self._own.get(tls)
        if found is None:
            found = self._own[tls] = _create(tls)
        return found


def _create(tls: Tls) -> ssl.SSLContext:
    if tls.insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context = ssl.create_default_context(cadata=tls.ca_pem)
    except (ssl.SSLError, ValueError):
        raise InvalidRequest("the CA bundle has no certificate in PEM form") from None
    # On by default since Python 3.13; refuses the CA certificates that the platform makes.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
