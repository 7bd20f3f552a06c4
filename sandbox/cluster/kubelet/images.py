"""What an image's name stands for here: a command of this machine instead of layers."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Image:
    """
    The entry point and the environment that an image brings along.

    *listens*: the variable that tells the program on which port to listen. Two replicas on one machine cannot
    both have port 8080, so each first port of a container is replaced by one that is free.
    """

    entrypoint: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    listens: str = "PORT"


# Any program of this machine; the Pod says which.
HOST = Image(env={"PATH": os.environ.get("PATH", os.defpath)})

# This checkout, as the image has it installed. A warning is an error, as in every test.
OPERATOR = Image(
    entrypoint=(sys.executable, "-m", "onecloud_operator"),
    env={
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": f"{ROOT / 'operator'}{os.pathsep}{ROOT}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONDONTWRITEBYTECODE": "1",
        "ONECLOUD_OPERATOR_LISTEN_ADDRESS": "127.0.0.1",
        "ONECLOUD_OPERATOR_ALLOW_LOOPBACK": "true",  # the simulated cloud is there
    },
    listens="ONECLOUD_OPERATOR_LISTEN_PORT",
)

# Its names: when it is loaded into a node, and when it has been pushed as the documentation says. Nothing
# here imports what runs in it, so the version is read.
CODE = ROOT / "operator" / "onecloud_operator" / "__init__.py"
(VERSION,) = re.findall('^__version__ = "(.+)"', CODE.read_text(), re.MULTILINE)
LOADED = f"onecloud-operator:{VERSION}"
PUSHED = f"registry.example.com/{LOADED}"


def image_of(name: str, images: Mapping[str, Image]) -> Image | None:
    """Return the image of exactly this name and tag, or None: the node has these and pulls no others."""
    return images.get(name)
