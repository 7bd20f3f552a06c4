"""
A client for the OneCloud (Cloudpods) compute API, usable alone.

    async with Cloud(credentials, endpoints) as cloud:
        page = await cloud.list_servers()
"""

from .addresses import AddressPolicy, Allowed
from .auth import AccessKey, CasTicket, Credentials, DomainScope, Password, Project, Session, Token
from .client import Cloud
from .endpoints import Endpoints, origin_of
from .limits import Limits
from .models import Event, EventPage, Exchange, Filter, Sent, ServerPage, ServerQuery
from .named import Collection, NamedRows
from .protocol import Traffic
from .signin import SignInBackoff

__all__ = [
    "AccessKey",
    "AddressPolicy",
    "Allowed",
    "CasTicket",
    "Cloud",
    "Collection",
    "Credentials",
    "DomainScope",
    "Endpoints",
    "Event",
    "EventPage",
    "Exchange",
    "Filter",
    "Limits",
    "NamedRows",
    "Password",
    "Project",
    "Sent",
    "ServerPage",
    "ServerQuery",
    "Session",
    "SignInBackoff",
    "Token",
    "Traffic",
    "origin_of",
]
