"""``completion``: what a shell needs to complete the plugin's words; kubectl itself needs nothing more."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from onecloud_operator.cli.parameters import Form, Output
from onecloud_operator.cli.terminal import print_json


class Shell(StrEnum):
    """A shell that can complete words."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


Which = Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")]

# Each asks the program that kubectl asks, and leaves out its last line, which is for kubectl.
SCRIPTS: Final = {
    Shell.BASH: r"""
_kubectl_onecloud() {
  local word rest
  COMPREPLY=()
  while IFS=$'\t' read -r word rest; do
    [[ $word == :* ]] || COMPREPLY+=("$word")
  done < <(kubectl_complete-onecloud "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _kubectl_onecloud kubectl-onecloud
""",
    Shell.ZSH: r"""
#compdef kubectl-onecloud
_kubectl_onecloud() {
  local line
  local -a offers
  for line in ${(f)"$(kubectl_complete-onecloud "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    [[ $line == :* ]] || offers+=("${line//$'\t'/:}")
  done
  _describe 'kubectl onecloud' offers || _files
}
compdef _kubectl_onecloud kubectl-onecloud
""",
    Shell.FISH: r"""
function __kubectl_onecloud
  set -l words (commandline -opc) (commandline -ct)
  kubectl_complete-onecloud $words[2..] 2>/dev/null | string match -rv '^:'
end
complete -c kubectl-onecloud -a '(__kubectl_onecloud)'
""",
}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("completion", short_help="Print what a shell needs to complete words")(completion)


def completion(shell: Which, output: Output = Form.TEXT) -> None:
    """
    Print what a shell needs to complete the words of kubectl-onecloud.

    For kubectl onecloud it is enough that kubectl_complete-onecloud is on the PATH.
    """
    script = SCRIPTS[shell].lstrip()
    if output == Form.JSON:
        print_json({"shell": shell.value, "script": script})
    else:
        typer.echo(script, nl=False)
