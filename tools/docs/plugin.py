"""The page of the kubectl plugin: what it is for, and each command with its help and the shape of its JSON."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from typing import Final

import typer

from onecloud_operator.cli.__main__ import main
from onecloud_operator.cli.app import app

WIDTH: Final = "102"  # of a terminal, of which help leaves the last columns free

ITEM: Final = "`items[]`"
SET: Final = {ITEM: "`namespace`, `name`, `annotation`, `value` (null where it was taken off)"}

# What -o json prints: each key at the top, and what is in it.
SHAPES: Final[dict[str, dict[str, str]]] = {
    "why": {
        "`namespace`, `name`, `uid`, `generation`": "the object",
        "`ready`, `reason`": "whether all is as wanted, and the reason that the conditions give",
        "`chain[]`": "`link` (`object`, `provider`, `Secret`, `sign-in`, `feed`, `plan`), `state` (`ok`, `fail`, "
        "`wait`, `unknown`), `reason`, `message`, `since`",
        "`planned`, `differing`, `heldBack`": "what is about to be done, what differs from the spec, and what is "
        "not repeated by itself: lists of texts",
        "`lastError`": "`status.lastError`, or null",
        "`nextTry`, `nextRetryTime`": "in words, and as a time or null",
        "`events[]`": "`time`, `type`, `reason`, `message`, `count`; the newest last",
        "`cloud`": "with `--cloud`: `id`, `exists`, and what the cloud shows; else null",
        "`remarks`": "what could not be asked, as texts",
    },
    "plan": {
        ITEM: "`file`, `namespace`, `name`, `action` (`create`, `change`, `unknown`, `none`, `refused`), `steps[]` "
        "(`field`, `from`, `to`, `effect` as in `status.plan`), `spec[]` (`field`, `from`, `to`), `held` "
        "(`reason`, `message`, or null), `message`",
        "`summary`": "how many there are of each action",
        "`otherKinds`": "how many documents were passed over",
        "`exitCode`": "0, 1 or 2",
    },
    "top": {
        ITEM: "`namespace`, `name`, `ready`, `reason`, `state`, `cpu`, `memoryMiB`, `diskMiB`, `ip`, `host`, "
        "`provider`, `created`",
        "`total`": "of all, shown or not: `servers`, `ready`, `cpu`, `memoryMiB`, `diskMiB`, `states`, `reasons`",
        "`omitted`": "how many rows `--limit` left out",
    },
    "import": {
        "`apiVersion`, `kind`, `items`": "a List of the manifests, which `kubectl apply -f -` takes; with `-d`, "
        f"{ITEM}: `file`, `state` (`written`, `unchanged`, `kept`)",
        "`leftOut[]`": "`id`, `name`, `why`",
    },
    "orphans": {
        ITEM: "`dispute`, `kind`, `id`, `name`, `attachedTo`, `owner` (`cluster`, `namespace`, `name`, `uid`, or "
        "null), `objects`",
    },
    "secret rcadmin": {
        "`namespace`, `name`": "the Secret",
        "`created`": "whether it is new",
        "`keys`": "names of the keys that were written; with `--dry-run` the manifest is printed instead",
    },
    "freeze": {ITEM: "`kind` (`server`, `namespace`, `provider`), " + SET[ITEM]},
    "allow-mass-deletion": {ITEM: "`namespace`, `annotation`, `value`, `servers`"},
    "completion": {"`shell`, `script`": "as given, and the text"},
}
SHAPES["unfreeze"] = SHAPES["freeze"]

PREFACE: Final = """\
# The kubectl plugin

<!-- Made of tools/docs/plugin.py and the commands' own help by `make generate`; a change belongs there. -->

`kubectl onecloud` says why a server is as it is, what an apply would do, and asks the operator for what a person may ask.
It works with your own kubeconfig and rights, beside any installation of the operator, and needs nothing in the cluster.

## A first example

```sh
pipx install '.[cli]'        # in a checkout of this repository
kubectl onecloud -h
kubectl -n shop get ocs
kubectl onecloud why web-1 -n shop
```

```text
web-1 in shop: not as wanted (RestartNeeded)

ok   object     generation 2 is what the operator looks at
ok   Secret     onecloud
ok   sign-in    https://cloud.example.com:30500/v3, region region0, project 1f6b7c… (3d ago)
ok   feed       server 996551fc-5efa-5d26-bf1f-4c2d1639be1d is Running, 10.88.0.233
FAIL plan       RestartNeeded: cpu can only change while the server is off. … (5m ago)
     next try   when the spec changes, or an annotation answers it
```

The first link that says `FAIL` is the answer. The others:

| to do this | run this |
| --- | --- |
| store the credentials of the platform's shell file, quotes and all | `kubectl onecloud secret rcadmin ./rcadmin -n shop --check` |
| see in a pipeline what an apply would do | `kubectl onecloud plan -f manifests/` |
| see the fleet, and what is wrong in it | `kubectl onecloud top -A` |
| take over the servers of a project | `kubectl onecloud import -d manifests/ -n shop`; [importing](importing.md) |
| find what has no object any more | `kubectl onecloud orphans -n shop`; [what it tells](importing.md#what-else-has-owner-tags) |
| try again now, pause, restart | `kubectl onecloud retry web-1`, `pause`, `resume`, `restart` |
| change nothing for a while | `kubectl onecloud freeze namespace/shop` |

## In a pipeline

```sh
kubectl onecloud plan -f manifests/ -R
case $? in
  0) echo "nothing to do" ;;
  2) echo "see above" ;;
  *) exit 1 ;;
esac
```

0 is nothing to do, 2 is changes, 1 is an error: a manifest that the API server refuses, a wrong command line, a cluster
that does not answer. Nothing is written: the API server applies each manifest in a dry run, as whoever applied it last
would (`kubectl` on either side, Argo CD), so what leaves the manifest is seen to leave the object. Who may do that is who
may apply. Then the operator's own decisions say what follows, from the server as the status shows it. With `--cloud` it is
the server as it is now, and the cloud says by its own dry run whether it would make a new one: a wrong image or network is
found before the merge. A provider's defaults and leave, and a freeze of the namespace, count as far as you may read them;
settings of the operator are not known here, nor what an adoption finds. Objects that are in the cluster and not in the
files are not looked at.

## Where else it runs

The image has it, too:

```sh
docker run --rm --user "$(id -u)" --volume "$HOME/.kube:/.kube:ro" "$IMAGE" kubectl-onecloud why web-1 -n shop
```

Within a Pod it works with the Pod's ServiceAccount. Words are completed in `kubectl onecloud` once
`kubectl_complete-onecloud`, which is installed beside it, is on the `PATH`; for `kubectl-onecloud` itself, run
`source <(kubectl onecloud completion bash)`.

## What it reads and writes

Every command uses the rights that you have. Beside OneCloudServers they are:

| command | rights |
| --- | --- |
| `why` | `list` on `events`, `get` on `onecloudproviders`; with `--cloud`, `get` on the Secret, unless your shell has `OS_AUTH_URL` |
| `plan` | `get` and `patch` on `onecloudservers`, though nothing is changed; if you have it, `get` on `namespaces` and `onecloudproviders`; with `--cloud`, as for `why` |
| `import`, `orphans` | `get` on the Secret, unless `--shell` is given |
| `secret rcadmin` | `create` on `secrets`; with `--replace`, `get` and `patch` |
| the verbs | `patch` on `onecloudservers`; `freeze` and `allow-mass-deletion` of a namespace `patch` on `namespaces` |

- **Confirmations** (`detach`, `confirm-delete`, `confirm-gone`, `take-over`, `accept-root-disk`, `approve`) read the object
  first, refuse where nothing waits for them, name the server or disk that they are for, and ask, unless `--yes` is given.
- **A tenant's texts** reach your terminal without control characters, and cut to a length; `-o json` is plain ASCII.
- **A tenant's Secret** leads to no address of your own machine, and to no metadata service; only your shell's own variables
  may. Nothing is sent to a cloud without `--cloud`, `--check`, `import` or `orphans`, and nothing that changes one.
- Colours are left out in pipes, and with `NO_COLOR`. Every error says what to try.

## Commands

`-n`, `--context`, `--kubeconfig` and `-o` mean the same everywhere, and go after the command. `-o json` prints one object.
"""


def page() -> str:
    """Return the page."""
    return PREFACE + "".join(_section(name) for name in names())


def names() -> list[str]:
    """Return the commands, those of a group after its name."""
    group = typer.main.get_command(app)
    found = list[str]()
    for name, command in getattr(group, "commands", {}).items():
        inner = getattr(command, "commands", None)
        found += [name] if inner is None else [f"{name} {each}" for each in inner]
    return found


def shape_of(name: str) -> dict[str, str]:
    """Return what -o json of a command prints; the verbs all print the same."""
    return SHAPES.get(name, SET)


def _section(name: str) -> str:
    rows = "".join(f"| {key} | {meaning} |\n" for key, meaning in shape_of(name).items())
    return f"\n### {name}\n\n```text\n{_help(name)}```\n\n| `-o json` | |\n| --- | --- |\n{rows}"


def _help(name: str) -> str:
    """Return the help of a command as a terminal of a fixed width shows it."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            main([*name.split(), "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return text.getvalue()
