"""Runs a program and says what it cost: CPU of its process tree, wall time, peak memory."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Cost:
    """What one run cost. `user` and `system` are seconds of the whole tree, `peak` and samples KiB of resident memory."""

    user: float
    system: float
    wall: float
    peak: int
    code: int
    timed_out: bool = False
    samples: list = field(default_factory=list)

    @property
    def cpu(self):
        return self.user + self.system


def status_of(pid, key):
    """One number of /proc/PID/status, 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


def descriptors_of(pid):
    """Open file descriptors of a process, 0 when it is gone."""
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/fd"))
    return 0


class Watch(threading.Thread):
    """Reads memory and open descriptors of a process while it runs.

    The kernel's own high-water mark in rusage is of no use here: it starts at the size of whoever forked."""

    def __init__(self, pid, interval, thorough):
        super().__init__(daemon=True)
        self.pid, self.interval, self.thorough = pid, interval, thorough
        self.peak, self.samples, self.ended = 0, [], threading.Event()
        self.begin = time.monotonic()

    def run(self):
        while not self.ended.is_set():
            self.peak = max(self.peak, status_of(self.pid, "VmHWM"))
            if self.thorough:
                at = time.monotonic() - self.begin
                self.samples.append((at, status_of(self.pid, "VmRSS"), descriptors_of(self.pid)))
            self.ended.wait(self.interval)


def run(argv, timeout=300, stdout=None, stderr=None, interval=0.02, started=None, thorough=False):
    """Runs `argv` to its end or for `timeout` seconds. Streams go to files (paths) or nowhere; `started` is called with the
    process id once there is one. `thorough` keeps samples of memory and descriptors, which costs the program some time."""
    with contextlib.ExitStack() as stack:
        def opened(path, mode):
            return stack.enter_context(open(path, mode)) if path else subprocess.DEVNULL
        streams = {"stdin": subprocess.DEVNULL, "stdout": opened(stdout, "wb"), "stderr": opened(stderr, "wb")}
        begin = time.monotonic()
        process = subprocess.Popen([str(part) for part in argv], **streams, start_new_session=True)
        watch = Watch(process.pid, interval, thorough)
        watch.start()
        late = threading.Event()

        def give_up():
            late.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout, give_up)
        timer.start()
        if started:
            started(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        timer.cancel()
        watch.ended.set()
        watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime, usage.ru_stime, wall, watch.peak, process.returncode, late.is_set(), watch.samples)
