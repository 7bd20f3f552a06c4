"""The values of a Secret → Credentials. What could not be used is said without ever repeating a value."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

from onecloud_operator.kube.secrets import Data, SecretUnusable
from onecloud_operator.onecloud import (
    AccessKey,
    CasTicket,
    Credentials,
    Password,
    Project,
    Token,
)
from onecloud_operator.onecloud.auth import Method, Scope, canonical_auth_url
from onecloud_operator.onecloud.errors import InvalidRequest

INTERFACES: Final = frozenset({"public", "internal", "admin"})
SECRET_KEYS: Final = ("OS_PASSWORD", "OS_SECRET_KEY", "OS_TOKEN", "OS_CAS_TICKET")

URL_LENGTH: Final = 1024  # both are written to the status, and these are its bounds
REGION_LENGTH: Final = 256


def credentials_of(data: Data) -> Credentials:
    """
    Return the credentials that the keys of a Secret give. Raises SecretUnusable.

    The keys are those of the cloud's own shell file (``OS_AUTH_URL``, ``OS_USERNAME``…), and ``ca.crt``.
    """
    values = _Values(data)
    auth_url = values.text("OS_AUTH_URL")
    if auth_url is None:
        msg = "key OS_AUTH_URL is missing"
        raise SecretUnusable(msg)
    try:
        auth_url = canonical_auth_url(auth_url)
    except InvalidRequest as error:
        msg = f"key OS_AUTH_URL is no URL: {error}"
        raise SecretUnusable(msg) from None
    method = _method(values)
    interface = (values.text("OS_ENDPOINT_TYPE") or "public").lower().removesuffix("url")
    if interface not in INTERFACES:
        msg = f"key OS_ENDPOINT_TYPE must be one of {', '.join(sorted(INTERFACES))}"
        raise SecretUnusable(msg)
    return Credentials(
        auth_url=auth_url,
        method=method,
        project=_scope(values, method),
        region=values.text("OS_REGION_NAME", REGION_LENGTH),
        interface=interface,
        ca_pem=_ca(values),
        insecure=values.flag("OS_INSECURE"),
        allow_http=values.flag("OS_ALLOW_HTTP"),
        source="operator",
    )


def without_line_break(text: str) -> str:
    """Return *text* without the one line break at its end that a file or an echo leaves behind."""
    return text.removesuffix("\n").removesuffix("\r")


def quoted(data: Data) -> list[str]:
    """Return the keys of secrets in quotes, as a shell file that no shell has read would leave them."""
    found = ((key, data.values.get(key)) for key in SECRET_KEYS)
    return [key for key, value in found if value is not None and _in_quotes(value.get_secret_value().strip())]


def _in_quotes(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


@dataclass(frozen=True, slots=True)
class _Values:
    data: Data

    def secret(self, key: str) -> SecretStr | None:
        """Return a secret to the letter, but without the line break that a file or an echo leaves behind."""
        value = self.data.get(key)
        text = value.get_secret_value().rstrip("\r\n") if value is not None else ""
        return SecretStr(text) if text else None

    def text(self, key: str, most: int = URL_LENGTH) -> str | None:
        """Return a value that is no secret, without the quotes that a shell file may have around it."""
        value = self.data.get(key)
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if _in_quotes(text):
            text = text[1:-1]
        if len(text) > most:
            msg = f"key {key} is longer than {most} characters"
            raise SecretUnusable(msg)
        return text or None

    def flag(self, key: str) -> bool:
        match (self.text(key) or "false").lower():
            case "true" | "1" | "yes":
                return True
            case "false" | "0" | "no":
                return False
        msg = f"key {key} must be true or false"
        raise SecretUnusable(msg)


def _method(values: _Values) -> Method:
    """Return the one way of signing in that is given whole; access keys first, they say the most."""
    access, secret = values.text("OS_ACCESS_KEY"), values.secret("OS_SECRET_KEY")
    if access is not None and secret is not None:
        return AccessKey(access, secret)
    user, user_id, password = (
        values.text("OS_USERNAME"),
        values.text("OS_USER_ID"),
        values.secret("OS_PASSWORD"),
    )
    if (user is not None or user_id is not None) and password is not None:
        return Password(
            password=password,
            user_name=None if user_id else user,
            user_id=user_id,
            user_domain_name=values.text("OS_DOMAIN_NAME") or values.text("OS_USER_DOMAIN_NAME"),
            user_domain_id=values.text("OS_USER_DOMAIN_ID"),
        )
    if (token := values.secret("OS_TOKEN")) is not None:
        return Token(token)
    if (ticket := values.secret("OS_CAS_TICKET")) is not None:
        return CasTicket(
            ticket,
            service=values.text("OS_CAS_SERVICE"),
            identity_provider_id=values.text("OS_IDENTITY_PROVIDER_ID"),
        )
    msg = (
        "no complete way to sign in: give OS_USERNAME and OS_PASSWORD, or OS_ACCESS_KEY and OS_SECRET_KEY, "
        "or OS_TOKEN, or OS_CAS_TICKET"
    )
    raise SecretUnusable(msg)


def _scope(values: _Values, method: Method) -> Scope | None:
    project_id = values.text("OS_PROJECT_ID") or values.text("OS_TENANT_ID")
    name = values.text("OS_PROJECT_NAME") or values.text("OS_TENANT_NAME")
    if project_id is not None:
        return Project(id=project_id)
    if name is not None:
        domain = values.text("OS_PROJECT_DOMAIN") or values.text("OS_PROJECT_DOMAIN_NAME")
        return Project(name=name, domain_name=domain, domain_id=values.text("OS_PROJECT_DOMAIN_ID"))
    if values.text("OS_DOMAIN_SCOPE") is not None:
        msg = (
            "key OS_DOMAIN_SCOPE asks for a whole domain, but servers live in a project: give "
            "OS_PROJECT_NAME or OS_PROJECT_ID instead"
        )
        raise SecretUnusable(msg)
    if isinstance(method, AccessKey):
        return None
    msg = "no project: give OS_PROJECT_NAME or OS_PROJECT_ID"
    raise SecretUnusable(msg)


def _ca(values: _Values) -> str | None:
    value = values.secret("ca.crt")
    if value is None:
        return None
    text = value.get_secret_value().encode("ascii", "ignore").decode()  # between them there may be comments
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        msg = "key ca.crt holds no certificate in PEM form"
        raise SecretUnusable(msg) from None
    return text
