"""The parameters that commands share, named as kubectl names them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from onecloud_operator.cli import offers


class Form(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the OneCloudServer.", autocompletion=offers.servers)
]
Namespace = Annotated[
    str,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAMESPACE",
        help="Its namespace; without it, the one of the context.",
        show_default=False,
        autocompletion=offers.namespaces,
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Look at all namespaces.", show_default=False)
]
Context = Annotated[
    str,
    typer.Option(
        "--context",
        metavar="CONTEXT",
        help="Context of the kubeconfig.",
        show_default=False,
        autocompletion=offers.contexts,
    ),
]
Kubeconfig = Annotated[
    str,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="File with the cluster's address; else KUBECONFIG, ~/.kube/config, or the Pod's ServiceAccount.",
        show_default=False,
    ),
]
Output = Annotated[Form, typer.Option("--output", "-o", help="Form of what is printed.")]
