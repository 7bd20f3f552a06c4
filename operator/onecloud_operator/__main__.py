"""onecloud-operator run | check | crd, and the image's way to kubectl-onecloud."""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
from typing import TYPE_CHECKING

import uvloop

from onecloud_operator import __version__, app, preflight
from onecloud_operator.api.identity import KINDS, PROVIDER, SERVER
from onecloud_operator.engine.tasks import TaskFault
from onecloud_operator.settings import SettingsError, settings_from
from onecloud_operator.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR = 2
PLUGIN = "kubectl-onecloud"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [PLUGIN]:  # docker run IMAGE kubectl-onecloud why web-1
        from onecloud_operator.cli.__main__ import main as plugin  # noqa: PLC0415 - for a person only

        return plugin(given[1:])
    parser = argparse.ArgumentParser(prog="onecloud-operator", description="OneCloud servers for Kubernetes.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the operator (settings are ONECLOUD_OPERATOR_* in the environment)")
    commands.add_parser("check", help="check that the API server, the CRD and the rights are there")
    crds = commands.add_parser("crd", help="print the CustomResourceDefinitions")
    crds.add_argument("plural", nargs="?", choices=[each.plural for each in KINDS], help="only of this kind")
    parsed = parser.parse_args(given)
    command = parsed.command
    if command == "crd":
        _print_definitions(parsed.plural)
        return 0
    try:
        settings = settings_from()
    except SettingsError as error:
        sys.stderr.write(f"onecloud-operator: {error}\n")
        return USAGE_ERROR
    logs.configure(form=settings.log_format, level=settings.log_level, audit=settings.audit_log)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold every tenant's secrets
    _tune_garbage_collection()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if command == "check":
                return runner.run(preflight.check(settings))
            runner.run(app.run(settings))
    except SettingsError as error:
        sys.stderr.write(f"onecloud-operator: {error}\n")
        return USAGE_ERROR
    except TaskFault as fault:
        sys.stderr.write(f"onecloud-operator: {fault}\n")
        return 1
    return 0


def _print_definitions(plural: str | None) -> None:
    from onecloud_operator.api import crd, provider_crd  # noqa: PLC0415 - a running operator has no use for it

    made = {SERVER.plural: crd.render, PROVIDER.plural: provider_crd.render}
    sys.stdout.write("---\n".join(render() for kind, render in made.items() if plural in {None, kind}))


def _tune_garbage_collection() -> None:
    """
    Make the garbage collector scan less, and less often.

    Everything loaded so far stays, and so does most data about objects and servers: scanning all of it
    repeatedly took a third of the CPU of a restart.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


if __name__ == "__main__":
    sys.exit(main())
