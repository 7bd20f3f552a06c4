"""Run the baseline: ``python -m benchmarks.baseline NAMESPACE METRICS_PORT TICK_SECONDS run``."""

from __future__ import annotations

import argparse
import asyncio

import kopf
import uvloop

from benchmarks.baseline.handlers import KIND, tick


def main() -> None:
    """Run until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baseline")
    parser.add_argument("namespace", help="where the Secret onecloud is; objects are watched everywhere")
    parser.add_argument("port", type=int, help="port of /metrics")
    parser.add_argument("tick", type=float, help="seconds between two looks at a server")
    parser.add_argument("run", help="as the operator has it")
    arguments = parser.parse_args()
    kopf.configure(quiet=True)
    kopf.timer(*KIND, interval=arguments.tick)(tick)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    memo = kopf.Memo(namespace=arguments.namespace, port=arguments.port)
    kopf.run(clusterwide=True, standalone=True, memo=memo)


if __name__ == "__main__":
    main()
