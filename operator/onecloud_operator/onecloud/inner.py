"""
A refusal that is not about what was sent: one of the cloud's services could not ask another.

Of that only the text tells. The status is the one of a mistake of ours: 400 while the identity or the image
service is down, 404 where what was not found is the service.
"""

from __future__ import annotations

import re

# Go's words for a connection that fails, and HTTP's for what an inner call was answered.
BROKEN = re.compile(
    r"\b(401 Unauthorized|403 Forbidden|500 Internal Server Error|502 Bad Gateway"
    r"|503 Service (Temporarily )?Unavailable|504 Gateway Time-?out)\b"
    r"|^Forbidden$|\bConnectRefusedError\b|\bconnection (refused|reset)\b|\bdial (tcp|udp)\b|\bno such host\b"
    r"|\bi/o timeout\b|\bTLS handshake timeout\b|\bcontext deadline exceeded\b|\bClient\.Timeout\b"
    r"|\bbroken pipe\b|\bno route to host\b|\bnetwork is unreachable\b|: (unexpected )?(?-i:EOF)\b",
    re.IGNORECASE,
)


def tells_of_inner_call(details: str) -> bool:
    """Tell whether *details*, cleaned of what was sent, are about a call between services."""
    return BROKEN.search(details.strip()) is not None
