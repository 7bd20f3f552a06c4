"""What a process has used so far, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
RESET_PEAK = "5"  # proc(5), clear_refs
USER_TIME, SYSTEM_TIME = 11, 12  # of the fields of stat that follow the command's name


@dataclass(frozen=True, slots=True)
class Vitals:
    """CPU since its start, threads included; memory now, and at most since the peak was reset."""

    cpu_seconds: float
    memory_mib: float
    peak_mib: float


def vitals(pid: int) -> Vitals:
    """Return what process *pid* has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Vitals(
        cpu_seconds=(int(fields[USER_TIME]) + int(fields[SYSTEM_TIME])) / TICKS,
        memory_mib=_mib(status["VmRSS"]),
        peak_mib=_mib(status["VmHWM"]),
    )


def reset_peak(pid: int) -> None:
    """Have the peak of memory counted from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / 1024
