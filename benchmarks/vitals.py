"""What a process has used so far, from its CPU's clock and /proc."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

RESET_PEAK = "5"  # proc(5), clear_refs
WHOLE_PROCESS = 2  # of a clock's id, as the kernel makes it; /proc counts in hundredths of a second only


@dataclass(frozen=True, slots=True)
class Vitals:
    """CPU since its start, threads included; memory now, and at most since the peak was reset."""

    cpu_seconds: float
    memory_mib: float
    peak_mib: float


def vitals(pid: int) -> Vitals:
    """Return what process *pid* has used."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Vitals(
        cpu_seconds=time.clock_gettime((~pid << 3) | WHOLE_PROCESS),
        memory_mib=_mib(status["VmRSS"]),
        peak_mib=_mib(status["VmHWM"]),
    )


def reset_peak(pid: int) -> None:
    """Have the peak of memory counted from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / 1024
