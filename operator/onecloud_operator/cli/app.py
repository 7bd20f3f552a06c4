"""The commands, as a person sees them."""

from __future__ import annotations

import typer

from onecloud_operator import __version__
from onecloud_operator.cli.commands import (
    completion,
    freeze,
    importing,
    mass_deletion,
    orphans,
    plan,
    secret,
    top,
    verbs,
    why,
)

ABOUT = """Look after OneCloud servers that are declared in Kubernetes.

Every command takes -o json, and works with the rights of your own kubeconfig.
"""

app = typer.Typer(
    name="kubectl-onecloud",
    help=ABOUT,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer passes it so
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(  # noqa: FBT001 - obeyed by its callback
        False,  # noqa: FBT003
        "--version",
        help="Print the version.",
        callback=_version,
        is_eager=True,
        show_default=False,
    ),
) -> None:
    pass


why.add_to(app)
plan.add_to(app)
top.add_to(app)
importing.add_to(app)
orphans.add_to(app)
secret.add_to(app)
verbs.add_to(app)
freeze.add_to(app)
mass_deletion.add_to(app)
completion.add_to(app)
