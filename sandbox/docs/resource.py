"""docs/reference.md: every field of a OneCloudServer, out of the models that the definition is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onecloud_operator.api.crd import COLUMNS, SELECTABLE, WIDE_COLUMNS, schema
from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, row_of
from onecloud_operator.api.rule import VALIDATIONS
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status
from onecloud_operator.api.structural import structural
from onecloud_operator.core.resource import (
    ACCEPT_ROOT_DISK,
    CONFIRM_DELETE,
    CONFIRM_GONE,
    FORCE_DETACH,
    PAUSED,
    RECONCILE_REQUESTED_AT,
    TAKE_OVER,
)
from onecloud_operator.core.verdict import WRONG_SPEC_COUNT
from sandbox.docs.fields import line, linked, patterns, rules, section, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.api.reasons import Row
    from sandbox.docs.fields import Schema

# What the table of fields says by a word, the API server says by a rule for each of them.
SAME_FOR_ALL: Final = "cannot change once the server is made: take it out, or make a new object"

PREFACE: Final = """\
# OneCloudServer

<!-- Made of the models by `make generate`; a change belongs there. -->

`onecloud.io/v1alpha1`, kind `OneCloudServer`, plural `onecloudservers`, short `ocs`, category `onecloud`, namespaced.
`kubectl explain ocs.spec.server` shows the fields on the command line. Manifests to start from:
[minimal](../examples/servers/minimal.yaml), [full](../examples/servers/full.yaml),
[stopped, with data disks](../examples/servers/stopped.yaml), [user data from a Secret](../examples/servers/user-data.yaml),
[observe only](../examples/servers/observe.yaml), and [a Secret](../examples/secret.yaml) for them.
"""

CHANGES: Final = """\
## How fields change

A field that is absent is not looked after: it is neither compared nor set back. Taking one out of the spec stops its
care, and leaves the server as it is (a tag is taken off). The column *change* says what a new value leads to once the
server is made, that is, once `status.creation.completedAt` is there. Until then everything may be corrected.

| change | a new value |
| --- | --- |
| any time | is sent to the cloud at once |
| next start | is sent at once, and in force from the server's next start on |
| restart | stops a running server, so it waits for `disruption.allow: Restart` ([RestartNeeded](reasons.md#restartneeded)); \
more cpu and memory do not where hot-plug is on |
| grows | may only be larger; *grows, restart*: and growing restarts a running server |
| never | is refused by the API server: take the field out, so that it is not looked after any more, or make a new \
object. One that the server was made with may come back later. Where the server is something else, `status.drift` \
tells it ([DriftDetected](reasons.md#driftdetected)), and nothing else follows. An adopted server has no `creation`: \
where it differs, the reason is [ImmutableField](reasons.md#immutablefield) until the spec is corrected |
"""

CONDITIONS: Final = """\
## Conditions

`status.conditions` says what is so and why. Each has a `message` for people and the `observedGeneration` that it was
said of. [reasons.md](reasons.md) has a section for each reason.

| type | True | False | Unknown | absent |
| --- | --- | --- | --- | --- |
| `Ready` | the server is what this generation asked for: Available, PoweredOff, Observed | Creating, Updating, \
WrongPowerState, OperationFailed, InRecycleBin, ExternallyDeleted, Removing; while there is no server: the reason of \
`Synced` | NotYetObserved, ServerUnknown | never |
| `Synced` | server and spec agree, or nothing is to be done about it | see below | NotYetObserved | never |
| `CredentialsValid` | Authenticated | SecretNotFound, SecretInvalid, CredentialsRejected, EndpointNotAllowed | \
NotYetObserved, EndpointUnreachable | never |
| `Reconciling` | something is on its way: Creating, Updating, Retrying, Waiting | | | nothing is |
| `Stalled` | waiting does not help; the reason of `Synced` | | | waiting helps |
| `Drifted` | `status.drift` is not empty: DriftDetected | | | it is |
| `Deleting` | the object is being deleted; the reason says what for it is there still | | | it is not |
| `Paused` | PausedByAnnotation | | | it is not |
| `Expiring` | the server's paid time ends soon: ExpiresSoon | | | it does not |

- `Ready` is kept through a passing change (a rename, a new tag) and through an outage of the cloud. It is true of a
  generation only when that is realised: while a change waits for a permission, `observedGeneration` of `Ready` stays
  behind `metadata.generation`.
- For kstatus, and so for `helm --wait` of Helm 4: `Reconciling` is in progress, `Stalled` is failed, else `Ready` decides.
  The two are never there together. `kubectl wait --for=condition=Ready` looks at `Ready` alone, Argo CD at what
  [its health check](argocd.md) says, Helm 3 at nothing ([your-chart.md](your-chart.md)).
"""

REASONS: Final = """\
### Reasons of Synced and Deleting

*Next try* is the wait, doubled from the first to the second while the reason stays; a change of the object or of the
Secret, or `onecloud.io/reconcile-requested-at`, has it tried at once. A server to adopt or to observe is looked for every
60 s, whatever the reason. *News*: as soon as something is heard of the
server or the object. *This object's*: `status.nextRetryTime` tells the time, where it is known.

| reason | Synced | stalled | next try | this object's |
| --- | --- | --- | --- | --- |
"""

ANNOTATIONS: Final = f"""\
## Annotations

Wishes that are no state. They are read at every look at the object.

| annotation | what it does |
| --- | --- |
| `{PAUSED}: "true"` | Nothing is sent to the cloud for this object until the annotation is removed (or `"false"`). It \
can still be deleted. |
| `{RECONCILE_REQUESTED_AT}: ANYTHING-NEW` | What is waited for is tried again at once, and the Secret is read again. \
`status.lastHandledReconcileAt` repeats the value when that has happened. |
| `{CONFIRM_DELETE}: SERVER-ID` | The server may be deleted for good where the recycle bin turned out to be off \
([RecycleBinOff](reasons.md#recyclebinoff)). |
| `{CONFIRM_GONE}: SERVER-ID` | The servers of the project that vanished did so on purpose \
([TooManyGone](reasons.md#toomanygone)). Set on one object that is held for it, it confirms it for the namespace. |
| `{TAKE_OVER}: SERVER-ID` | The server that `spec.adoption` asks for may be taken from the object of another cluster that its owner tags name: that cluster is gone, or was renamed ([OwnedByAnother](reasons.md#ownedbyanother)). It counts for no owner that lives in this cluster. |
| `{ACCEPT_ROOT_DISK}: DISK-ID` | The disk that is in the root disk's place on the server is its root disk from now on \
([OperationFailed](reasons.md#operationfailed)). A disk that is elsewhere is not accepted. |
| `{FORCE_DETACH}: "true"` | A deleted object goes at once. Its server, if there is one, is not touched, nor even \
looked for: look after it yourself. |
"""

CREDENTIALS: Final = """\
## Credentials

`spec.credentialsRef` names a Secret in the object's namespace. Its keys are the words of the platform's own shell
file; [examples/secret.yaml](../examples/secret.yaml) is one to start from. What is missing or cannot be read is said
by [SecretNotFound](reasons.md#secretnotfound) and [SecretInvalid](reasons.md#secretinvalid), with the key and never
its value.

Where to:

| key | meaning |
| --- | --- |
| `OS_AUTH_URL` **required** | Sign-in URL of the identity service, for example `https://cloud.example.com:30500/v3`. |
| `OS_REGION_NAME` | Region; may be left out where there is one only. |
| `OS_PROJECT_NAME` or `OS_PROJECT_ID` | Project that the servers live in; **required**, except with an access key, \
which has its own. `OS_PROJECT_DOMAIN` (or `OS_PROJECT_DOMAIN_NAME`, `OS_PROJECT_DOMAIN_ID`) is the domain of a name. \
`OS_TENANT_NAME` and `OS_TENANT_ID` are understood, too. |
| `OS_ENDPOINT_TYPE` | Which addresses of the catalog are used: `public` (default), `internal` or `admin`. |
| `ca.crt` | Certificates, in PEM form, that the cloud's certificate is checked with, instead of the system's. |
| `OS_INSECURE` | `true`: the certificate is not checked at all; for trials only. |
| `OS_ALLOW_HTTP` | `true`: a sign-in by https may lead to services by http, where all can read the token. |

How to sign in; one of these must be given whole, and the first that is counts:

| keys | way |
| --- | --- |
| `OS_ACCESS_KEY`, `OS_SECRET_KEY` | An access key. |
| `OS_USERNAME` or `OS_USER_ID`, and `OS_PASSWORD` | A password. `OS_DOMAIN_NAME` (or `OS_USER_DOMAIN_NAME`, \
`OS_USER_DOMAIN_ID`) is the user's domain. |
| `OS_TOKEN` | A token made elsewhere; it is used until it ends. |
| `OS_CAS_TICKET` | A ticket of the single sign-on; it works once. `OS_CAS_SERVICE` and `OS_IDENTITY_PROVIDER_ID` say \
which one it is for, where there are several. |

Quotes around a value, as a shell file may have them, are no part of it; but a secret (`OS_PASSWORD`, `OS_SECRET_KEY`,
`OS_TOKEN`, `OS_CAS_TICKET`) is taken to the letter, but for a line break at its end: have the shell read its file, as
the [README](../README.md#your-first-server) does. `OS_DOMAIN_SCOPE` is refused: servers live in a project.
"""


def page() -> str:
    """Return the page in Markdown."""
    spec, status = structural(Spec), structural(Status)
    found = {"spec": list(sections("spec", spec)), "status": list(sections("status", status))}
    parts = [
        PREFACE,
        _contents(found),
        CHANGES,
        *(section(path, node) for pages in found.values() for path, node in pages),
        _rules(spec),
        CONDITIONS,
        _reasons(),
        _columns(),
        ANNOTATIONS,
        CREDENTIALS,
    ]
    return "\n".join(parts)


def _contents(found: Mapping[str, list[tuple[str, Mapping[str, object]]]]) -> str:
    said = {"spec": "what is wanted", "status": "what is"}
    lines = ["- [How fields change](#how-fields-change)"]
    for root, below in found.items():
        lines.append(f"- {linked(root)}: {said[root]}")
        lines += [f"{'  ' * path.count('.')}- {linked(path)}" for path, _ in below[1:]]
    lines += [
        "- [Rules](#rules): what the API server refuses",
        "- [Conditions](#conditions) and [reasons](#reasons-of-synced-and-deleting)",
        "- [Columns and selectors](#columns-and-selectors): what `kubectl get` shows and finds",
        "- [Annotations](#annotations): wishes that are no state",
        "- [Credentials](#credentials): the keys of the Secret",
    ]
    return "\n".join(lines) + "\n"


def _rules(spec: Schema) -> str:
    """Return what is refused beyond types and bounds; what the word *never* says already is left out."""
    text = (
        "## Rules\n\nThe API server refuses a manifest that breaks one of these, and names the field. Once the "
        "server is made:\n\n"
    )
    text += "".join(
        f"- {line(rule['message'])}\n"
        for rule in schema()[VALIDATIONS]
        if not rule["message"].endswith(SAME_FOR_ALL)
    )
    text += f"- a field marked *never* {SAME_FOR_ALL}\n\nAlways:\n\n| field | rule |\n| --- | --- |\n"
    text += "".join(f"| {_paths(paths)} | {line(message)} |\n" for message, paths in rules("spec", spec))
    text += "\nTexts have these forms:\n\n| field | regular expression |\n| --- | --- |\n"
    return text + "".join(
        f"| {_paths(paths)} | `{pattern.replace('|', chr(92) + '|')}` |\n"
        for pattern, paths in patterns("spec", spec)
    )


def _paths(paths: list[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _reasons() -> str:
    text = REASONS
    for reason in (*SYNCED_REASONS, *DELETING_REASONS):
        row = row_of(reason)
        cells = [
            f"[{reason}](reasons.md#{reason.lower()})",
            row.synced if reason in SYNCED_REASONS else "as before",
            _stalled(reason, row),
            "; ".join(_tries(row)),
            "yes" if row.scope == "own" else "",
        ]
        text += f"| {' | '.join(cells)} |\n"
    return text


def _stalled(reason: str, row: Row) -> str:
    if reason == "InvalidSpec":
        return f"after {WRONG_SPEC_COUNT} tries"
    return "yes" if row.stalled else ""


def _tries(row: Row) -> Iterator[str]:
    if row.first_seconds is None or row.most_seconds is None:
        yield "news"
    elif row.first_seconds == row.most_seconds:
        yield f"every {row.first_seconds:g} s"
    else:
        yield f"{row.first_seconds:g} to {row.most_seconds:g} s"


def _columns() -> str:
    lines = [
        "## Columns and selectors",
        "",
        "| column | `kubectl get ocs` | from |",
        "| --- | --- | --- |",
        *(f"| {name.upper()} | always | `{path}` |" for name, _, path in COLUMNS),
        *(f"| {name.upper()} | with `-o wide` | `{path}` |" for name, _, path in WIDE_COLUMNS),
        "",
        "`kubectl get ocs --field-selector` takes "
        + ", ".join(f"`{path.removeprefix('.')}`" for path in SELECTABLE)
        + "; for example `--field-selector status.state=Running`.",
    ]
    return "\n".join(lines) + "\n"
