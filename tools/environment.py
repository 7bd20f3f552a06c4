"""
Make the virtual environment from hashed locks: ``python3 -m tools.environment``. Standard library only.

pip installs uv by hash; uv installs the rest by hash, and removes what is not locked.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from tools.progress import StepError, say, step

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
LOCKS = ROOT / "requirements"
QUIET_PIP = ("--quiet", "--no-input", "--disable-pip-version-check")
NO_WAY = """This Python can make no virtual environment: it has neither ensurepip nor pip, and there is no uv.
On Debian and Ubuntu: apt install python3-venv. Elsewhere: install pip or uv, then run make again."""


def main() -> int:
    """Make or update the environment; return the exit code."""
    try:
        if not _works():
            _create()
        step(
            "installing what is locked in requirements/dev.txt",
            [str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", str(PYTHON),
             str(LOCKS / "dev.txt")],
            usually="10 to 60 seconds",
            cwd=ROOT,
        )  # fmt: skip
    except (StepError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    (ENVIRONMENT / ".complete").touch()
    return 0


def _works() -> bool:
    """Whether there is an environment whose Python still exists, with uv in it."""
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-m", "uv", "--version"], check=False, capture_output=True).returncode == 0


def _create() -> None:
    """Make an environment with uv in it, in the first way that this machine knows."""
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    bootstrap = ["--require-hashes", "-r", str(LOCKS / "bootstrap.txt")]
    title, usually = "installing uv", "5 to 20 seconds"
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        say("making the virtual environment .venv")
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        step(title, [str(PYTHON), "-m", "pip", "install", *QUIET_PIP, *bootstrap], usually=usually)
    elif importlib.util.find_spec("pip") and importlib.util.find_spec("venv"):
        say("making the virtual environment .venv with this machine's pip: this Python lacks ensurepip")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", ENVIRONMENT], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", *QUIET_PIP, *bootstrap]
        step(title, pip, usually=usually)
    elif uv := shutil.which("uv"):
        say(
            "making the virtual environment .venv with this machine's uv: this Python lacks ensurepip and pip"
        )
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, ENVIRONMENT], check=True)
        step(title, [uv, "pip", "install", "--quiet", "--python", str(PYTHON), *bootstrap], usually=usually)
    else:
        raise StepError(NO_WAY)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
