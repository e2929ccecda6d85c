"""The tools of the benchmark: how each is run on the same hosts, and where each leaves what it saw."""

import os
import shutil
import signal
import socket
import threading
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import harness.measure as measure

HERE = Path(__file__).resolve().parent.parent


@dataclass
class Tool:
    """One line of the table. `run(farm, hosts, out)` gives a `Cost` and leaves what it saw in the file `out`."""

    key: str
    title: str
    hosts: int
    run: Callable
    prepare: Callable = None
    runs: int = 3


def simple(argv_of, timeout=300):
    """A tool that is one process: `argv_of(farm, hosts, out)` is what is typed; its standard output goes to `out` too
    unless it names a file itself."""

    def run(farm, hosts, out):
        argv = argv_of(farm, hosts, out)
        own_file = any(str(part) == str(out) or str(part).endswith(f"={out}") for part in argv)
        return measure.run(argv, timeout, stdout=None if own_file else out, stderr=f"{out}.err")

    return run


def nolapse(program, hosts):
    """nolapse in every mode that has a goal."""

    def argv(depth, *more):
        def made(farm, count, out):
            return [program, "scan", f"@{farm.head('targets.txt', count)}", "--depth", depth, "--format", "ndjson",
                    "--output", out, *[flag(farm) if callable(flag) else flag for flag in more]]
        return made

    def store(name):
        return ["--trust-store", lambda farm: f"{name}={farm.roots}"]

    def known(depth):
        def prepared(farm, count, out):
            path = farm.folder / f"known-{depth}"
            if not path.exists():
                measure.run(argv(depth, *store("farm"), "--known", str(path))(farm, count, out), stderr=f"{out}.err")
        return prepared

    def with_known(depth):
        return simple(argv(depth, *store("farm"), "--known", lambda farm: str(farm.folder / f"known-{depth}")))

    six = [flag for name in ("farm", "b", "c", "d", "e") for flag in store(name)]
    return [
        Tool("full-first", "nolapse, first sight", hosts, simple(argv("full", *store("farm")))),
        Tool("full-known", "nolapse, certificates known", hosts, with_known("full"), known("full")),
        Tool("full-six", "nolapse, first sight, six trust stores", hosts, simple(argv("full", *six))),
        Tool("glance-first", "nolapse `--depth glance`, first sight", hosts, simple(argv("glance", *store("farm")))),
        Tool("glance-known", "nolapse `--depth glance`, certificates known", hosts, with_known("glance"),
             known("glance")),
    ]


def bare(program, hosts):
    """What the machine charges for the least that can be done."""
    def argv(mode):
        return lambda farm, count, out: [program, mode, farm.head("addresses.txt", count)]
    return [
        Tool("bare-tcp", "TCP connect and close, nothing else", hosts, simple(argv("tcp"))),
        Tool("bare-hello", "a TLS 1.2 hello and the chain that answers it, nothing else", hosts, simple(argv("hello"))),
        Tool("bare-rustls", "rustls handshake, nothing else", hosts, simple(argv("rustls"))),
    ]


def peers(folder, hosts):
    """Every peer that is here, and the names of those that are not."""
    few, some = min(hosts, 200), min(hosts, 1000)
    found, missing = [], []

    def where(program):
        own = Path(folder) / program if folder else None
        return str(own) if own and own.exists() else shutil.which(program)

    def peer(program, *tools):
        path = where(program)
        if path:
            found.extend(Tool(key, title, count, make(path)) for key, title, count, make in tools)
        else:
            missing.append(program)

    peer("tlsx",
         ("tlsx-ps", "tlsx `-ps`, 300 at a time", hosts, lambda path: simple(tlsx(path, "-ps"))),
         ("tlsx", "tlsx, Go's TLS, 300 at a time", hosts, lambda path: simple(tlsx(path, "-sm", "ctls"))))
    peer("zgrab2", ("zgrab2", "zgrab2 `tls`, 1000 at a time", hosts, lambda path: simple(zgrab2(path))))
    peer("prometheus-blackbox-exporter",
         ("blackbox", "blackbox_exporter, tcp+tls, 100 at a time", hosts, lambda path: blackbox(path)))
    peer("nmap", ("nmap", "nmap `-T4 --script ssl-cert`", some, lambda path: simple(nmap(path))))
    peer("sslscan", ("sslscan", "sslscan, certificate only", few, lambda path: simple(sslscan(path))))
    python = where("sslyze-venv/bin/python")
    if python is None and shutil.which("sslyze"):
        python = Path(shutil.which("sslyze")).read_text().splitlines()[0].removeprefix("#!").strip()
    if python:
        found.append(Tool("sslyze", "sslyze API, CERTIFICATE_INFO, 100 at a time", some, simple(sslyze(python))))
    else:
        missing.append("sslyze")
    found.append(Tool("python", "Python `ssl`, 100 threads", some, simple(python_ssl)))
    return found, missing


def sslyze(python):
    script = HERE / "peers" / "sslyze_api.py"
    return lambda farm, count, out: [python, script, farm.head("targets.txt", count), "100"]


def python_ssl(farm, count, out):
    script = HERE / "peers" / "python_ssl.py"
    return ["python3", script, farm.head("targets.txt", count), farm.roots, "100"]


def tlsx(path, *flags):
    return lambda farm, count, out: [path, "-l", farm.head("addresses.txt", count), *flags, "-json", "-hash", "sha256",
                                     "-silent", "-nc", "-duc", "-c", "300"]


def zgrab2(path):
    def argv(farm, count, out):
        hosts = farm.folder / f"{count}-zgrab2.csv"
        if not hosts.exists():
            rows = farm.truth(count).values()
            hosts.write_text("".join(f"{row['address']},{row['name']}\n" for row in rows))
        return [path, "tls", "--port", farm.ports["tls"], "-f", hosts, "-b", "/dev/null", "-s", "1000", "-l", f"{out}.log",
                "-m", f"{out}.meta"]
    return argv


def nmap(path):
    def argv(farm, count, out):
        hosts = farm.folder / f"{count}-nmap.txt"
        if not hosts.exists():
            hosts.write_text("".join(f"{address}\n" for address in farm.addresses[:count]))
        return [path, "-n", "-Pn", "-sT", "-T4", "-p", farm.ports["tls"], "--script", "ssl-cert", "-iL", hosts, "-oX", out]
    return argv


def sslscan(path):
    switches = ["ciphersuites", "compression", "fallback", "groups", "heartbleed", "renegotiation"]
    return lambda farm, count, out: [path, f"--targets={farm.head('addresses.txt', count)}", "--show-certificate",
                                     *[f"--no-{switch}" for switch in switches], "--no-colour", f"--xml={out}"]


def blackbox(path):
    """The exporter is a server: it is asked for one host after another by this process, whose CPU is not counted."""

    def run(farm, hosts, out):
        config = farm.folder / "blackbox.yml"
        config.write_text("modules:\n  tls:\n    prober: tcp\n    timeout: 5s\n    tcp:\n      tls: true\n"
                          f"      preferred_ip_protocol: ip4\n      tls_config:\n        ca_file: {farm.roots}\n")
        port = free_port()
        argv = [path, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        answers, took = [], []

        def drive(pid):
            wait_for_listener(port)
            begin = time.monotonic()
            with ThreadPoolExecutor(100) as pool:
                answers.extend(pool.map(lambda address: ask(farm, port, address), farm.addresses[:hosts]))
            took.append(time.monotonic() - begin)
            os.kill(pid, signal.SIGTERM)

        cost = measure.run(argv, timeout=300, stderr=f"{out}.err",
                           started=lambda pid: threading.Thread(target=drive, args=(pid,), daemon=True).start())
        Path(out).write_text("\n".join(answers))
        cost.wall, cost.code = (took or [cost.wall])[0], 0
        return cost

    return run


def ask(farm, port, address):
    """What the exporter says about one host."""
    target = urllib.parse.quote(f"{address}:{farm.ports['tls']}")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/probe?module=tls&target={target}", timeout=20) as answer:
            return answer.read().decode()
    except OSError as error:
        return f"# {error}"


def free_port():
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_listener(port):
    """Waits until something listens on `port`."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
