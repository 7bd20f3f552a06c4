"""How the other side proves who it is, and what that takes, made once for all who want the same."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from .errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Tls:
    """How the other side proves who it is: by the system's authorities, *ca_pem* alone, or not."""

    ca_pem: str | None = field(default=None, repr=False)
    insecure: bool = False

    @property
    def size(self) -> int:
        """Return how many characters of authorities of its own it has."""
        return len(self.ca_pem or "")


class Contexts:
    """
    What TLS needs to know, some 20 kB for each authority: so much is kept once, while somebody uses it.

    That of the system's authorities has nearly 1 MB, and is kept from its first use on.
    """

    def __init__(self) -> None:
        self._own: WeakValueDictionary[Tls, ssl.SSLContext] = WeakValueDictionary()
        self._common: ssl.SSLContext | None = None

    def of(self, tls: Tls) -> ssl.SSLContext:
        """Return a context for connections. Raises InvalidRequest for a bundle that is no PEM."""
        if tls == Tls():
            if self._common is None:
                self._common = ssl.create_default_context()
            return self._common
        found = self._own.get(tls)
        if found is None:
            found = self._own[tls] = _made(tls)
        return found


def _made(tls: Tls) -> ssl.SSLContext:
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
