"""The demonstration from its beginning to its end."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sandbox import sourced
from sandbox.cluster.control_plane import ControlPlaneError
from sandbox.cluster.process import stop_all
from sandbox.cluster.scratch import remove_all
from sandbox.cluster.tools import ToolError
from sandbox.demo.choice import ChoiceError, choice
from sandbox.demo.owner import own
from sandbox.demo.places import sandbox
from sandbox.demo.play import LOG_LINES, Play, Unseen
from sandbox.demo.scene import NAMESPACE
from sandbox.demo.shell import ShellError
from sandbox.demo.show import Show, fitting
from sandbox.stage import ROOT, StageError
from tools.progress import StepError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.demo.choice import Choice
    from sandbox.demo.places import Place

LOOK_SECONDS: Final = 1.0
WRONG_USE: Final = 2


def run(arguments: Sequence[str]) -> int:
    """Play, and on a terminal stay afterwards until Ctrl-C. Return the exit code."""
    terminal = sys.stdout.isatty()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a check mark is not worth a crash
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    show = Show(sys.stdout, colour=colour)
    try:
        chosen = choice(arguments, os.environ)
        os.chdir(ROOT)  # the commands name files of the checkout
        return _run(chosen, show, stay=terminal)
    except ChoiceError as error:
        print(f"\n{fitting(str(error))}", file=sys.stderr)
        return WRONG_USE
    except (ControlPlaneError, ShellError, StageError, StepError, ToolError) as error:
        print(f"\n{fitting(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        stop_all()
        remove_all()
        with suppress(BrokenPipeError):  # the terminal may be what has ended it
            show.end("Interrupted; everything is stopped.", well=False)
        raise


def _run(chosen: Choice, show: Show, *, stay: bool) -> int:
    show.title("The OneCloud operator at work")
    try:
        with own(chosen.own, show) if chosen.own else sandbox(chosen, show) as place:
            started = time.monotonic()
            Play(place.scene, show, limit_seconds=chosen.limit_seconds).perform(place.steps)
            seconds = time.monotonic() - started
            show.end(f"All {len(place.steps)} steps were seen to happen, in {seconds:.0f} s.", well=True)
            code = _stay(place, show) if stay else 0
    except Unseen:
        show.end("The demo failed: what should have happened did not.", well=False)
        return 1
    if stay:
        show.end("Everything is stopped.", well=True)
    return code


def _stay(place: Place, show: Show) -> int:
    """Leave the stage to the person until Ctrl-C; return the exit code."""
    place.scene.unwatch()
    show.title("Now you. It stays up until Ctrl-C. In another terminal:")
    names = {"KUBECONFIG": str(place.kubeconfig)}
    if place.scene.cloud is not None:
        names["CLOUD"] = place.scene.cloud.url
    programs = [place.scene.shell.programs]
    if not shutil.which("kubectl"):
        programs.append(place.kubectl.parent)
    environment = sourced.demo(
        place.kubeconfig.with_name("environment"), names, programs, place.scene.url("metrics")
    )
    show.lines([f". {environment}"])
    ideas = {
        "watch": "kubectl get ocs -A -w",
        "change something": f"kubectl -n {NAMESPACE} edit ocs web-1",
        "read why it is so": f"kubectl onecloud why web-1 -n {NAMESPACE}",
        "see all of it": f"kubectl -n {NAMESPACE} describe ocs web-1",
        "look a field up": "kubectl explain ocs.spec.server",
        "read the log": f"tail -f {place.scene.operator.log}",
        "see its metrics": "metrics",
    }
    show.facts(ideas)
    if place.scene.cloud is not None:
        show.text("This switches web-1 off in the cloud, behind the operator's back:")
        show.lines(["""cloud power '{"ident": "shop.web-1", "on": false}'"""])
    process = place.scene.operator.process
    try:
        while process is not None and process.exit_code is None:
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt as interrupt:
        if interrupt.args[0] != signal.SIGINT:
            raise
        show.end("Stopping ...", well=True)
        return 0
    show.verbatim("the operator has ended:", place.scene.operator.text().splitlines()[-LOG_LINES:])
    return 1
