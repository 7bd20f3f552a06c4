"""docs/reference.md: every field of a OneCloudServer, out of the definition that the API server is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from onecloud_operator.api.crd import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFACE = """\
# OneCloudServer

<!-- Made of the models by `make generate`; a change belongs there. -->

`onecloud.io/v1alpha1`, kind `OneCloudServer`, plural `onecloudservers`, short `ocs`, namespaced.
`kubectl explain ocs.spec.server` shows the same on the command line; [examples/servers](../examples/servers) has
manifests to start from. What a condition's reason means stands in [reasons.md](reasons.md).

- [spec](#spec): what is wanted
- [status](#status): what is
- [Rules](#rules): what is refused when it is applied
- [Annotations](#annotations): wishes that are no state
- [Credentials](#credentials): the Secret
"""

RULES = """\
## Rules

The API server refuses a manifest that breaks one of these, and names the field:

"""

AFTERWORD = """\
## Annotations

| annotation | what it does |
| --- | --- |
| `onecloud.io/paused: "true"` | nothing is sent to the cloud for this object; it can still be deleted |
| `onecloud.io/reconcile-requested-at: <anything new>` | what is waited for is tried again at once, and the Secret is read \
again |
| `onecloud.io/confirm-delete: <server id>` | the server may be deleted for good where the recycle bin turned out to be \
off ([RecycleBinOff](reasons.md#recyclebinoff)) |
| `onecloud.io/confirm-gone: <server id>` | the servers of the project that vanished are gone on purpose \
([TooManyGone](reasons.md#toomanygone)) |
| `onecloud.io/force-detach: "true"` | a deleted object goes at once; its server, if there is one, is not touched |

## Credentials

`spec.credentialsRef` names a Secret in the object's namespace. Its keys are the words of the platform's own shell \
file;
[examples/secret.yaml](../examples/secret.yaml) is one to start from.

| key | meaning |
| --- | --- |
| `OS_AUTH_URL` | sign-in URL of the identity service, for example `https://cloud.example.com:30500/v3` |
| `OS_USERNAME`, `OS_PASSWORD` | sign in by password; `OS_DOMAIN_NAME` is the user's domain |
| `OS_ACCESS_KEY`, `OS_SECRET_KEY` | sign in by access key |
| `OS_TOKEN` | a token made elsewhere; it is used until it ends |
| `OS_CAS_TICKET` | a ticket of the single sign-on; it works once |
| `OS_PROJECT_NAME` or `OS_PROJECT_ID` | project that the servers live in; `OS_PROJECT_DOMAIN` is its domain |
| `OS_REGION_NAME` | region; may be left out where there is one only |
| `OS_ENDPOINT_TYPE` | which addresses of the catalog are used: `public` (default) or `internal` |
| `ca.crt` | certificates, in PEM form, that the cloud's certificate is checked with |
| `OS_INSECURE` | `true`: the certificate is not checked at all; for trials only |
"""


def page() -> str:
    """Return the page in Markdown."""
    (version,) = yaml.safe_load(render())["spec"]["versions"]
    root = version["schema"]["openAPIV3Schema"]
    parts = [PREFACE]
    for name in ("spec", "status"):
        parts += [f"## {name}\n", *_object(name, root["properties"][name])]
    parts.append(RULES + "".join(f"- {message}\n" for message in dict.fromkeys(_messages(root))))
    parts.append(AFTERWORD)
    return "\n".join(parts)


def _object(path: str, node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text and the table of one object, and then those of the objects in it."""
    required = set(node.get("required", ()))
    yield f"{_line(node.get('description', ''))}\n"
    yield "| field | type | meaning |\n| --- | --- | --- |"
    inner: list[tuple[str, Mapping[str, Any]]] = []
    for name, each in node["properties"].items():
        mark = " **required**" if name in required else ""
        yield f"| `{name}` | {_type(each)}{mark} | {_line(each.get('description', ''))} |"
        below, suffix = (each["items"], "[]") if each.get("type") == "array" else (each, "")
        if below.get("properties"):
            inner.append((f"{path}.{name}{suffix}", below))
    yield ""
    for below_path, below in inner:
        yield f"### {below_path}\n"
        yield from _object(below_path, below)


def _type(node: Mapping[str, Any]) -> str:
    default = f", default `{_word(node['default'])}`" if "default" in node else ""
    match node:
        case {"enum": [*words]}:
            return " \\| ".join(f"`{word}`" for word in words) + default
        case {"type": "array", "items": each}:
            return f"list of {_type(each)}{_most(node.get('maxItems'), 'entries')}"
        case {"type": "object", "additionalProperties": each}:
            return f"map of {_type(each)}{_most(node.get('maxProperties'), 'entries')}"
        case {"type": "object"}:
            return "object"
        case {"format": "date-time"}:
            return "time"
        case {"type": "string"}:
            return f"string{_most(node.get('maxLength'), 'characters')}{default}"
        case {"type": "integer"}:
            return f"integer{_range(node)}{default}"
        case _:
            return str(node["type"]) + default


def _most(most: int | None, what: str) -> str:
    return f", at most {most} {what}" if most is not None else ""


def _range(node: Mapping[str, Any]) -> str:
    least, most = node.get("minimum"), node.get("maximum")
    if least is not None and most is not None:
        return f", {least} to {most}"
    return f", from {least}" if least is not None else ""


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _messages(node: Mapping[str, Any]) -> Iterator[str]:
    for rule in node.get("x-kubernetes-validations", ()):
        yield rule["message"]
    for each in (*node.get("properties", {}).values(), node.get("items"), node.get("additionalProperties")):
        if isinstance(each, dict):
            yield from _messages(each)
