"""Where the programs are, on which machine we run, and how a Markdown table is written."""

import datetime
import json
import os
import platform
import resource
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def programs(nolapse=None):
    """Builds nolapse and the farm in their release profiles, unless a nolapse is given, and gives the three paths."""
    raise_descriptors()
    farm = build(HERE, [])
    nolapse = Path(nolapse) if nolapse else build(HERE.parent, ["-p", "nolapse"]) / "nolapse"
    return nolapse, farm / "farm", farm / "bare"


def build(folder, flags):
    """Runs cargo in `folder` and gives the folder of its programs."""
    subprocess.run(["cargo", "build", "--release", "--quiet", *flags], cwd=folder, check=True)
    said = subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=folder, check=True,
                          capture_output=True).stdout
    return Path(json.loads(said)["target_directory"]) / "release"


def raise_descriptors():
    """As many descriptors as we may have, for us and everything we start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def machine():
    """One line about this machine."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores of {model}, {memory:.0f} GiB, "
            f"Linux {platform.release()}, load average {os.getloadavg()[0]:.1f} at the start")


def version(argv):
    """The first line that has a digit of what `argv` says about itself."""
    try:
        said = subprocess.run([str(part) for part in argv], capture_output=True, text=True, timeout=20)
    except OSError:
        return "not here"
    lines = [line.strip() for line in (said.stdout + said.stderr).splitlines() if any(c.isdigit() for c in line)]
    return lines[0] if lines else "version unknown"


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines.extend("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
    return "\n".join(lines)
