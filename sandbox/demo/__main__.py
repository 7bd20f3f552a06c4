"""Run the demonstration: ``python -m sandbox.demo``. Ctrl-C ends it at any moment; nothing stays behind."""

import sys

from sandbox import interrupts


def main() -> int:
    """Run it; return the exit code: for an interruption, as in a shell, 128 and the signal's number."""
    try:
        interrupts.listen()
        from sandbox.demo.run import run  # noqa: PLC0415 - importing takes long enough for a Ctrl-C

        return run(sys.argv[1:])
    except KeyboardInterrupt as interrupt:
        return 128 + int(interrupt.args[0])


if __name__ == "__main__":
    sys.exit(main())
