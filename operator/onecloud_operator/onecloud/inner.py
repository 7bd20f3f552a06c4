"""
Recognises errors that are not about the request: one of the cloud's services could not call another.

Only the text shows it. The status is that of a client error: 400 while the identity or the image service is
down, 404 if the service itself was not found.
"""

from __future__ import annotations

import re

# Go's errors for failed connections, and the HTTP status lines of inner calls.
BROKEN = re.compile(
    r"\b(401 Unauthorized|403 Forbidden|500 Internal Server Error|502 Bad Gateway"
    r"|503 Service (Temporarily )?Unavailable|504 Gateway Time-?out)\b"
    r"|^Forbidden$|\bConnectRefusedError\b|\bconnection (refused|reset)\b|\bdial (tcp|udp)\b|\bno such host\b"
    r"|\bi/o timeout\b|\bTLS handshake timeout\b|\bcontext deadline exceeded\b|\bClient\.Timeout\b"
    r"|\bbroken pipe\b|\bno route to host\b|\bnetwork is unreachable\b|: (unexpected )?(?-i:EOF)\b",
    re.IGNORECASE,
)


def is_inner_call_failure(details: str) -> bool:
    """Return whether *details*, without echoes of the request, describe a call between services."""
    return BROKEN.search(details.strip()) is not None
