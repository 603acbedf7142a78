"""What all benchmarks share: the machine they ran on, fresh processes, and tables."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that ended.

    Attributes
    ----------
    wall_s
        From its start to its end, the interpreter's start included.
    cpu_s
        Processor time: what remains comparable on a busy machine.
    peak_mib
        Its largest resident set.
    output, errors
        What it wrote to stdout and stderr.
    """

    exit_code: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str
    errors: str

    @property
    def answer(self) -> Row:
        """The JSON object in the last line of the output."""
        found: Row = json.loads(self.output.splitlines()[-1])
        return found


def run_fresh(command: Sequence[str], *, most_s: float | None = None) -> Finished:
    """Run a command as a process of its own, and measure it alone.

    Children see the checkout that this file belongs to, whatever is installed.

    Parameters
    ----------
    most_s
        Seconds after which it is killed: its exit code is then negative.
    """
    imports = str(REPOSITORY / ".imports")
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=errors, env=os.environ | {"PYTHONPATH": imports}
        )
        guard = threading.Timer(most_s or threading.TIMEOUT_MAX, process.kill)
        guard.daemon = True
        guard.start()
        # getrusage(RUSAGE_CHILDREN) would give the largest of all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begun
        guard.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        return Finished(
            exit_code=process.returncode,
            wall_s=wall_s,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / 1024,
            output=output.read(),
            errors=errors.read(),
        )


def environment() -> Row:
    """What the figures depend on."""
    size = f"{os.cpu_count()} cores, {_memory_gib():.0f} GiB"
    return {
        "commit": _git("describe", "--always", "--dirty", "--abbrev=10"),
        "python": platform.python_version(),
        "ortools": version("ortools"),
        "machine": f"{_cpu()}, {size}, {platform.system()}",
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
    }


def print_environment() -> None:
    """Print where and with what the figures below were measured."""
    print(", ".join(f"{key} {value}" for key, value in environment().items()), flush=True)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(REPOSITORY), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def markdown(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """A table of the given columns; empty cells for what a row does not have."""
    cells = [[shown(row.get(column)) for column in columns] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    lines = [list(columns), ["-" * width for width in widths], *cells]
    return "\n".join(
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def shown(value: object) -> str:
    """A figure as people read it: three significant digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def percent(share: float | None) -> str:
    """A share as percent with two digits; a dash for None."""
    return "-" if share is None else f"{100 * share:.2f} %"


def this_script() -> list[str]:
    """How to run the present benchmark again in a fresh process."""
    return [sys.executable, str(Path(sys.argv[0]).resolve())]
