"""``kubectl-onecloud`` and ``kubectl_complete-onecloud``, which kubectl asks for words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM: Final = "kubectl onecloud"
COMPLETE: Final = "_KUBECTL_ONECLOUD_COMPLETE"
FILES, NO_FILES = 0, 4  # kubectl's words for: offer names of files, or do not
FAILED, BROKEN_PIPE, INTERRUPTED = 1, 141, 130
MISSING: Final = """\
error: the plugin's libraries are not installed
  try: pipx install 'onecloud-operator[cli]'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command; return the exit code: 0, or 1 for every error.

    A wrong command line is such an error too: 2 is what ``plan`` says of changes.
    """
    try:
        import typer

        from onecloud_operator.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich", "shellingham"}:
            raise
        sys.stderr.write(MISSING)
        return FAILED
    from onecloud_operator.cli.failure import Failure
    from onecloud_operator.cli.terminal import complain

    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(given, prog_name=PROGRAM, complete_var=COMPLETE, standalone_mode=False)
        sys.stdout.flush()
    except Failure as failure:
        complain(str(failure), failure.cure)
        return FAILED
    except typer.TyperException as error:  # the command line is wrong
        show = getattr(error, "show", None)
        show() if show is not None else complain(error.format_message())
        return FAILED
    except BrokenPipeError:
        # Whoever read has enough. What is left in the buffer must not raise at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def complete() -> int:
    """Print what kubectl can complete the last argument with, in its own form; return 0."""
    import shlex
    from contextlib import redirect_stdout, suppress
    from io import StringIO

    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()  # makes the shells known; its options are not for kubectl
    words = sys.argv[1:] or [""]
    asked = shlex.join(["kubectl-onecloud", *words[:-1]])
    os.environ |= {
        COMPLETE: "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": f"{asked} {shlex.quote(words[-1]) if words[-1] else ''}",
    }
    offered = StringIO()
    with suppress(SystemExit), redirect_stdout(offered):
        main([])
    lines = [line for line in offered.getvalue().splitlines() if line]
    sys.stdout.write("\n".join([*lines, f":{NO_FILES if lines else FILES}"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
