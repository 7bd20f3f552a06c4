"""docs/provider-reference.md: every field of a OneCloudProvider, out of the models of its definition."""

from __future__ import annotations

from typing import Final

from onecloud_operator.api.provider import ProviderSpec
from onecloud_operator.api.provider_crd import COLUMNS, NAMES, SELECTABLE, WIDE_COLUMNS
from onecloud_operator.api.provider_status import ProviderStatus
from onecloud_operator.api.structural import structural
from tools.docs.fields import line, linked, rules, section, sections

PREFACE: Final = f"""\
# OneCloudProvider

<!-- Made of the models by `make generate`; a change belongs there. -->

`onecloud.io/v1alpha1`, kind `OneCloudProvider`, plural `onecloudproviders`, short `{NAMES.short}`, without a namespace.
`kubectl explain {NAMES.short}.spec` shows the fields on the command line. [providers.md](providers.md) tells what it is for, and
[examples/providers/shared.yaml](../examples/providers/shared.yaml) is one.
"""

CONDITIONS: Final = """\
## Conditions

[reasons.md](reasons.md) has a section for each reason.

| type | True | False | Unknown | absent |
| --- | --- | --- | --- | --- |
| `Ready` | the cloud can be used: Available | the reason of what is not so, or of `Deleting` | | never |
| `CredentialsValid` | Authenticated | SecretNotFound, SecretInvalid, CredentialsRejected, EndpointNotAllowed, InvalidSpec | \
nobody could ask: EndpointUnreachable and others of the cloud | never |
| `Reachable` | the cloud answers: Available | EndpointUnreachable, RateLimited, Forbidden, ProviderError | there are no \
credentials to ask with, or the first poll is awaited | never |
| `Deleting` | it is being deleted, and InUse, or just about to go | | | it is not |
"""


def page() -> str:
    """Return the page in Markdown."""
    roots = {"spec": structural(ProviderSpec), "status": structural(ProviderStatus)}
    found = [(path, node) for root, schema in roots.items() for path, node in sections(root, schema)]
    contents = "".join(f"{'  ' * path.count('.')}- {linked(path)}\n" for path, _ in found)
    text = "## Rules\n\nThe API server rejects a manifest that breaks one of these rules, and names the field.\n\n"
    text += "| field | rule |\n| --- | --- |\n"
    for message, paths in rules("spec", roots["spec"]):
        text += f"| {', '.join(f'`{path}`' for path in paths)} | {line(message)} |\n"
    columns = [(name, "always", path) for name, _, path in COLUMNS]
    columns += [(name, "with `-o wide`", path) for name, _, path in WIDE_COLUMNS]
    shown = (
        f"## Columns and selectors\n\n| column | `kubectl get {NAMES.short}` | from |\n| --- | --- | --- |\n"
    )
    shown += "".join(f"| {name.upper()} | {when} | `{path}` |\n" for name, when, path in columns)
    selectors = ", ".join(f"`{path.removeprefix('.')}`" for path in SELECTABLE)
    shown += f"\n`kubectl get {NAMES.short} --field-selector` takes {selectors}.\n"
    return "\n".join(
        [PREFACE, contents, *(section(path, node) for path, node in found), text, CONDITIONS, shown]
    )
