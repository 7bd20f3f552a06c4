"""docs/reference.md: every field of a OneCloudServer, out of the models that the definition is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onecloud_operator.api.annotations import (
    ACCEPT_ROOT_DISK,
    ALLOW_MASS_DELETION,
    APPROVE_PLAN,
    CONFIRM_DELETE,
    CONFIRM_GONE,
    FORCE_DETACH,
    FREEZE,
    PAUSED,
    RECONCILE_REQUESTED_AT,
    RESTART_REQUESTED_AT,
    TAKE_OVER,
)
from onecloud_operator.api.crd import COLUMNS, SELECTABLE, WIDE_COLUMNS, schema
from onecloud_operator.api.reasons import DELETING_REASONS, SYNCED_REASONS, row_of
from onecloud_operator.api.rule import VALIDATIONS
from onecloud_operator.api.spec import Spec
from onecloud_operator.api.status import Status
from onecloud_operator.api.structural import structural
from onecloud_operator.core.report.verdict import WRONG_SPEC_COUNT
from tools.docs.fields import line, linked, patterns, rules, section, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.api.reasons import ReasonRow
    from tools.docs.fields import Schema

# What the table of fields says by a word, the API server says by a rule for each of them.
SAME_FOR_ALL: Final = "cannot change once the server is made: take it out, or make a new object"

PREFACE: Final = """\
# OneCloudServer

<!-- Made of the models by `make generate`; a change belongs there. -->

`onecloud.io/v1alpha1`, kind `OneCloudServer`, plural `onecloudservers`, short `ocs`, category `onecloud`, namespaced.
`kubectl explain ocs.spec.server` shows the fields on the command line. Examples:
[minimal](../examples/servers/minimal.yaml), [full](../examples/servers/full.yaml),
[data disks](../examples/servers/data-disks.yaml), [networks](../examples/servers/networks.yaml),
[an elastic IP](../examples/servers/elastic-ip.yaml), [user data from a Secret](../examples/servers/user-data.yaml),
[a password that rotates](../examples/servers/rotated-password.yaml), [stopped](../examples/servers/stopped.yaml),
[in a shared cloud](../examples/servers/shared-cloud.yaml),
[suspended](../examples/servers/suspended.yaml), [rebuilt from another image](../examples/servers/rebuild.yaml),
[with approvals](../examples/servers/approved.yaml), [restarted at night only](../examples/servers/windows.yaml),
[partly left to others](../examples/servers/left-to-others.yaml), [only observed](../examples/servers/observe.yaml),
[taken out of the recycle bin](../examples/servers/restored.yaml),
[with a Secret about the connection](../examples/servers/connection-secret.yaml), and [a Secret](../examples/secret.yaml) for them.
"""

CHANGES: Final = """\
## How fields change

The operator does not manage a field that is absent: it neither compares nor corrects it. Removing a field from the spec
leaves the server as it is; only a removed tag is removed from the server as well. The column *change* says what happens to
a new value once the server is created, that is, once `status.creation.completedAt` is set. Until then you can change
everything.

| change | a new value |
| --- | --- |
| any time | is sent to the cloud at once |
| next start | is sent at once, and takes effect at the server's next start |
| restart | requires stopping a running server, so it waits for `disruption.allow: Restart` \
([RestartNeeded](reasons.md#restartneeded)); more CPU and memory do not, where hot-plug is enabled |
| any time, or restart | is sent at once; if the cloud does not take it from a running server, it waits for \
`disruption.allow: Restart`. A network card is detached from a running server if its host allows that (`hot_remove_nic: \
enable` in the server's metadata) |
| guest agent, restart | is given to the guest agent of a running server; if that does not take it, it waits for \
`disruption.allow: Restart` ([RestartNeeded](reasons.md#restartneeded)) |
| with its card | gives [ImmutableField](reasons.md#immutablefield): a network card keeps this for life. Remove the entry, and \
add it again when its card is detached |
| rebuild | makes the root disk anew of that image, and **everything on the root disk is lost**, so it waits for \
`disruption.allow: Rebuild`; the server keeps its ID, its addresses and its data disks, and gets its key pair and \
password again. Only an edit of the text does so, compared with `status.image`; on an adopted server the first image that \
you declare never does |
| grows | can only be larger, and is sent at once; *grows, restart*: growing restarts a running server, so it waits for \
`disruption.allow: Restart` |
| when made | applies only while the disk is made; a later edit is reported in `status.drift` and has no other effect. To \
replace the disk, which loses or leaves what is on it, remove the entry and add one with another name |
| new EIP | has no effect on the EIP that the object has made ([ImmutableField](reasons.md#immutablefield)). To replace \
it, declare `eip: {none: true}`, which deletes it, and then the other one |
| never | is rejected by the API server. Remove the field to stop managing it, or create a new object. A field that the \
server was created with can be added again later, with any value. A difference in the cloud is reported in `status.drift` \
([DriftDetected](reasons.md#driftdetected)) and has no other effect. An adopted server has no `creation`: if it differs, \
the reason is [ImmutableField](reasons.md#immutablefield) until you correct the spec |
"""

CONDITIONS: Final = """\
## Conditions

Each condition has a reason, a `message` for people, and the `observedGeneration` that it describes.
[reasons.md](reasons.md) has a section for each reason.

| type | True | False | Unknown | absent |
| --- | --- | --- | --- | --- |
| `Ready` | the server is as this generation specifies: Available, PoweredOff, Suspended, Observed | Creating, Updating, \
WrongPowerState, OperationFailed, InRecycleBin, ExternallyDeleted; while there is no server, and from the deletion on: \
the reason of `Synced` | NotYetObserved, ServerUnknown | never |
| `Synced` | the server matches the spec, or the difference is only reported | see below | NotYetObserved | never |
| `CredentialsValid` | Authenticated | SecretNotFound, SecretInvalid, CredentialsRejected, EndpointNotAllowed | \
NotYetObserved, EndpointUnreachable | never |
| `Reconciling` | work is in progress: Creating, Updating, Retrying, Waiting | | | no work is in progress |
| `Stalled` | waiting does not help; the reason of `Synced` | | | waiting helps |
| `Drifted` | `status.drift` is not empty: DriftDetected | | | it is |
| `Deleting` | the object is being deleted; the reason says what it waits for | | | it is not |
| `Paused` | PausedByAnnotation | | | it is not |
| `Expiring` | the server's paid time ends soon: ExpiresSoon | | | it does not |

- `Ready` stays true during a small change (a new name or tag) and during an outage of the cloud. Its
  `observedGeneration` is the last generation that the server reached, so it stays behind `metadata.generation` while a
  change waits for permission.
- kstatus, and with it `helm --wait` of Helm 4, reads them like this: `Reconciling` is in progress, `Stalled` is failed,
  otherwise `Ready` decides. The two never occur together. `kubectl wait --for=condition=Ready` looks at `Ready` only,
  Argo CD uses [its health check](argocd.md), and Helm 3 looks at none of them ([your-chart.md](your-chart.md)).
"""

REASONS: Final = """\
### Reasons of Synced and Deleting

*Next try* is the wait before a retry, which doubles from the first value to the second while the reason stays. A change of
the object or of the Secret, or a new value of `onecloud.io/reconcile-requested-at`, triggers a retry at once. The operator
looks for a server to adopt or observe every 60 s, whatever the reason. *News*: as soon as the server or the object changes.
*This object's*: `status.nextRetryTime` has the time, if it is known.

| reason | Synced | stalled | next try | this object's |
| --- | --- | --- | --- | --- |
"""

ANNOTATIONS: Final = f"""\
## Annotations

Requests to the operator that are not part of the desired state.

| annotation | what it does |
| --- | --- |
| `{PAUSED}: "true"` | Send nothing to the cloud for this object, until the annotation is removed or set to `"false"`. \
You can still delete the object. |
| `{FREEZE}: "true"` | Change nothing in the cloud for this object: no creation, change or deletion, also of a deleted object ([Frozen](reasons.md#frozen)). On a namespace it holds for all objects in it. |
| `{RECONCILE_REQUESTED_AT}: ANY-NEW-VALUE` | Retry at once, and read the Secret again. \
`status.lastHandledReconcileAt` repeats the value when this is done. |
| `{RESTART_REQUESTED_AT}: ANY-NEW-VALUE` | Restart the server once, if `disruption.allow` permits it. A value that \
is there when the server is created or adopted counts as done, and so does one for a server that is off. A stop for any \
other purpose counts as the restart. `status.restartRequest` has the outcome \
([details](reasons.md#restartneeded)). |
| `{APPROVE_PLAN}: HASH` | Approve all steps of `status.plan`, whose hash it is, under `approval: Manual` \
([PlanPending](reasons.md#planpending)). Another plan, another generation and another object have another hash. Taken off \
again, it stops what is not begun. |
| `{CONFIRM_DELETE}: SERVER-ID` | Confirm that the server may be deleted for good, although the recycle bin is off \
([RecycleBinOff](reasons.md#recyclebinoff)). |
| `{CONFIRM_GONE}: SERVER-ID` | Confirm that the servers of the project are gone on purpose \
([TooManyGone](reasons.md#toomanygone)). Set it on one object with that reason; it applies to the namespace. |
| `{ALLOW_MASS_DELETION}: TIME` | On a namespace: agree to the removal of all of its servers that were deleted before \
this time (RFC 3339, not in the future; [TooManyDeletions](reasons.md#toomanydeletions)). |
| `{TAKE_OVER}: SERVER-ID` | Confirm that the server of `spec.adoption` may be taken from its owner in another cluster, \
which is gone or renamed ([OwnedByAnother](reasons.md#ownedbyanother)). Never applies to an owner in this cluster. |
| `{ACCEPT_ROOT_DISK}: DISK-ID` | Accept the disk that is in the place of the root disk as the new root disk \
([OperationFailed](reasons.md#operationfailed)). |
| `{FORCE_DETACH}: "true"` | Release the object at once when it is deleted, without touching its server, if there is \
one. Clean up the server yourself. |
"""

CREDENTIALS: Final = """\
## Credentials

`spec.credentialsRef` names a Secret in the object's namespace. Its keys are the variables of the platform's shell file;
start from [examples/secret.yaml](../examples/secret.yaml). If the Secret or a key is missing or invalid, the reason is
[SecretNotFound](reasons.md#secretnotfound) or [SecretInvalid](reasons.md#secretinvalid), and the message names the key,
never its value.

The cloud and the project:

| key | meaning |
| --- | --- |
| `OS_AUTH_URL` **required** | Sign-in URL of the identity service, for example `https://cloud.example.com:30500/v3`. |
| `OS_REGION_NAME` | Region; optional if the cloud has only one. |
| `OS_PROJECT_NAME` or `OS_PROJECT_ID` | Project of the servers; **required**, except with an access key, which belongs \
to a project. `OS_PROJECT_DOMAIN` (or `OS_PROJECT_DOMAIN_NAME`, `OS_PROJECT_DOMAIN_ID`) is the domain of a project that is given by name. \
`OS_TENANT_NAME` and `OS_TENANT_ID` mean the same. |
| `OS_ENDPOINT_TYPE` | Which addresses of the catalog are used: `public` (default), `internal` or `admin`. |
| `ca.crt` | CA certificates in PEM format to verify the cloud's certificate with, instead of the system's. |
| `OS_INSECURE` | `true`: do not verify the certificate; for trials only. |
| `OS_ALLOW_HTTP` | `true`: after a sign-in by https, services may be reached by http, where others can read the token. |

The sign-in. One row must be complete; the first complete one is used:

| keys | method |
| --- | --- |
| `OS_ACCESS_KEY`, `OS_SECRET_KEY` | An access key. |
| `OS_USERNAME` or `OS_USER_ID`, and `OS_PASSWORD` | A password. `OS_DOMAIN_NAME` (or `OS_USER_DOMAIN_NAME`, \
`OS_USER_DOMAIN_ID`) is the user's domain. |
| `OS_TOKEN` | An existing token, used until it expires. |
| `OS_CAS_TICKET` | A single sign-on ticket, which works once. `OS_CAS_SERVICE` and `OS_IDENTITY_PROVIDER_ID` say \
which service and provider it is for, if there are several. |

Quotes around a value, as in a shell file, are removed, except from secrets (`OS_PASSWORD`, `OS_SECRET_KEY`, `OS_TOKEN`,
`OS_CAS_TICKET`): those are used literally, without one line break at the end. So let a shell read the shell file, as in the
[README](../README.md#your-first-server). `OS_DOMAIN_SCOPE` is rejected, since servers belong to a project.
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
    said = {"spec": "the desired state", "status": "the actual state"}
    lines = ["- [How fields change](#how-fields-change)"]
    for root, below in found.items():
        lines.append(f"- {linked(root)}: {said[root]}")
        lines += [f"{'  ' * path.count('.')}- {linked(path)}" for path, _ in below[1:]]
    lines += [
        "- [Rules](#rules): what the API server rejects",
        "- [Conditions](#conditions) and [reasons](#reasons-of-synced-and-deleting)",
        "- [Columns and selectors](#columns-and-selectors): what `kubectl get` shows and selects",
        "- [Annotations](#annotations): requests to the operator",
        "- [Credentials](#credentials): the keys of the Secret",
    ]
    return "\n".join(lines) + "\n"


def _rules(spec: Schema) -> str:
    """Return what is refused beyond types and bounds; what the word *never* says already is left out."""
    text = (
        "## Rules\n\nThe API server rejects a manifest that breaks one of these rules, and names the field. Once "
        "the server is created:\n\n"
    )
    text += "".join(
        f"- {line(rule['message'])}\n"
        for rule in schema()[VALIDATIONS]
        if not rule["message"].endswith(SAME_FOR_ALL)
    )
    text += f"- a field marked *never* {SAME_FOR_ALL}\n\nAlways:\n\n| field | rule |\n| --- | --- |\n"
    text += "".join(f"| {_paths(paths)} | {line(message)} |\n" for message, paths in rules("spec", spec))
    text += "\nStrings match these patterns:\n\n| field | regular expression |\n| --- | --- |\n"
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
            row.synced,
            _stalled(reason, row),
            "when one opens" if reason == "WaitingForWindow" else "; ".join(_tries(row)),
            "yes" if row.scope == "own" else "",
        ]
        text += f"| {' | '.join(cells)} |\n"
    return text


def _stalled(reason: str, row: ReasonRow) -> str:
    if reason == "InvalidSpec":
        return f"after {WRONG_SPEC_COUNT} tries"
    return "yes" if row.stalled else ""


def _tries(row: ReasonRow) -> Iterator[str]:
    if row.first_seconds is None or row.max_seconds is None:
        yield "news"
    elif row.first_seconds == row.max_seconds:
        yield f"every {row.first_seconds:g} s"
    else:
        yield f"{row.first_seconds:g} to {row.max_seconds:g} s"


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
