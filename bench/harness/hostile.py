"""The hostile runs. Each section is a generator of table rows: test, what, wish, measured, met."""

import collections
import csv
import json
import re
import statistics
import time
from pathlib import Path

import harness.measure as measure
import harness.setup as setup
from harness.farm import Farm

FORMATS = ["table", "json", "ndjson", "csv", "markdown"]


class Bench:
    """The programs, a folder, and tables that are printed behind the main one."""

    def __init__(self, nolapse, farm, folder):
        self.nolapse, self.farm_program, self.folder = nolapse, farm, Path(folder)
        self.notes = []

    def farm(self, hosts, *flags):
        """A new farm of so many hosts."""
        folder = self.folder / f"farm-{hosts}"
        return Farm(self.farm_program, folder, hosts, *flags)

    def scan(self, targets, *flags, out="scan.ndjson", timeout=600, interval=0.02, **more):
        """Scans and gives the cost and the path of the report."""
        path = self.folder / out
        path.unlink(missing_ok=True)
        argv = [self.nolapse, "scan", *targets, "--output", path, "--progress", "never", *flags]
        cost = measure.run(argv, timeout, stderr=f"{path}.err", interval=interval, **more)
        return cost, path


def records(path):
    """Every record of an NDJSON report; a line that is no JSON ends the run with its number."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise SystemExit(f"{path}:{number}: {error}") from error


def kind_of(record):
    """The kind of its failure, or `seen` when there is a certificate and no failure."""
    failure = record["outcome"]["failure"]
    if failure:
        return failure["kind"]
    return "seen" if record["certificates"] else "nothing"


def verdict(met):
    return "yes" if met else "**no**"


def start(bench):
    """How long the shortest run takes, and what a run costs before its first connection."""
    times = sorted(measure.run([bench.nolapse, "--version"]).wall * 1000 for _ in range(21))
    measured = f"median {statistics.median(times):.1f} ms, least {times[0]:.1f} ms"
    yield ["start", "`nolapse --version`, 21 runs", "10 ms", measured, verdict(statistics.median(times) <= 10)]
    runs = [bench.scan([f"127.0.0.1:{refused_port()}"], "--retries", "0", out="start.txt")[0] for _ in range(21)]
    fixed = min(runs, key=lambda cost: cost.cpu)
    yield ["start", "`nolapse scan` of one refused connection, least of 21 runs", "20 ms of CPU, 30 ms",
           f"{fixed.cpu * 1000:.0f} ms of CPU, {min(cost.wall for cost in runs) * 1000:.0f} ms",
           verdict(fixed.cpu <= 0.020)]


def among_honest(bench, test, what, shares):
    """Rows for 10,000 endpoints of which some mean harm: time, memory, every honest host right, each kind told apart."""
    with bench.farm(10_000) as farm:
        targets, behaviour = farm.mix(f"{test}.txt", 10_000, shares)
        flags = ["--format", "ndjson", "--concurrency", "1000", "--trust-store", f"farm={farm.roots}"]
        cost, path = bench.scan([f"@{targets}"], *flags, out=f"{test}.ndjson")
        truth = farm.truth()
    kinds, right, count = collections.defaultdict(collections.Counter), 0, 0
    for record in records(path):
        address, count = record["endpoint"]["address"], count + 1
        kinds[behaviour[address]][kind_of(record)] += 1
        if behaviour[address] == "tls":
            leaf = record["certificates"][0]["sha256"] if record["certificates"] else None
            right += leaf == truth[address]["sha256"]
    honest = sum(1 for word in behaviour.values() if word == "tls")
    yield [test, f"{what}: wall time", "30 s", f"{cost.wall:.1f} s", verdict(cost.wall <= 30)]
    yield [test, "peak memory", "256 MiB", f"{cost.peak / 1024:.0f} MiB", verdict(cost.peak <= 256 * 1024)]
    yield [test, "honest hosts with the right certificate", f"{honest}", f"{right}", verdict(right == honest)]
    yield [test, "records", "10000", f"{count}", verdict(count == 10_000)]
    told = [[word, ", ".join(f"{kind} {number}" for kind, number in kinds[word].most_common())] for word in sorted(kinds)]
    bench.notes.append((f"{test}: how each kind of host was told apart", setup.table(["hosts", "outcome"], told)))


def tarpits(bench):
    """H1: 30 % of the hosts accept and never answer."""
    yield from among_honest(bench, "H1", "10,000 endpoints, 30 % tarpits, 1,000 at once", {"silent": 3000})


def mixed(bench):
    """H2: 30 % drip, flood, reset, or send endless banners and garbage."""
    shares = {"drip": 600, "flood": 600, "reset": 600, "banner-smtp": 300, "banner-imap": 300, "garbage": 300, "http": 300}
    yield from among_honest(bench, "H2", "10,000 endpoints, 30 % drip, flood, reset, endless banners, garbage", shares)


def banners(bench):
    """H3: an endless banner in each protocol, as lines without end and as one line without end."""
    rows = []
    with bench.farm(10_000) as farm:
        def look(target):
            return bench.scan([target], "--format", "ndjson", "--retries", "0", out="h3.ndjson", interval=0.002)
        base = statistics.median(look(f"127.0.0.2:{refused_port()}")[0].peak for _ in range(5))
        for word, port in farm.ports.items():
            if not word.startswith("banner-"):
                continue
            protocol = word.removeprefix("banner-")
            for last, shape in ((2, "lines"), (3, "one line")):
                cost, path = look(f"{protocol}://127.0.0.{last}:{port}")
                kinds = [kind_of(record) for record in records(path)]
                rows.append([protocol, shape, f"{cost.wall:.2f}", (cost.peak - base) / 1024, kinds[0] if kinds else "none"])
    slowest, largest = max(float(row[2]) for row in rows), max(row[3] for row in rows)
    yield ["H3", f"endless banner, {len(rows) // 2} protocols in two shapes: longest", "5 s", f"{slowest:.2f} s",
           verdict(slowest <= 5)]
    yield ["H3", "most memory above a refused connection", "1 MiB", f"{largest:.2f} MiB", verdict(largest <= 1)]
    yield ["H3", "each ends with a named failure", str(len(rows)),
           str(sum(row[4] not in ("seen", "nothing", "none") for row in rows)),
           verdict(all(row[4] not in ("seen", "nothing", "none") for row in rows))]
    shown = [[*row[:3], f"{row[3]:.2f}", row[4]] for row in rows]
    bench.notes.append(("H3: each protocol", setup.table(["protocol", "shape", "s", "MiB more", "failure"], shown)))


def refused_port():
    """A port on which nothing listens."""
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def dead(bench):
    """H4: 100,000 targets, half of them dead: 45 % refuse, 5 % answer no SYN."""
    with bench.farm(100_000, "--ecdsa-only") as farm:
        farm.ports["refused"] = refused_port()
        targets, behaviour = farm.mix("h4.txt", 100_000, {"refused": 45_000, "hole": 5_000})
        flags = ["--format", "ndjson", "--trust-store", f"farm={farm.roots}"]
        cost, path = bench.scan([f"@{targets}"], *flags, out="h4.ndjson", interval=0.25, thorough=True)
        truth = farm.truth()
    right = counted = 0
    for record in records(path):
        counted += 1
        address = record["endpoint"]["address"]
        if behaviour[address] == "tls" and record["certificates"]:
            right += record["certificates"][0]["sha256"] == truth[address]["sha256"]
    samples = [sample for sample in cost.samples if sample[1]]
    tenth = max(1, len(samples) // 10)
    early = max(size for _, size, _ in samples[tenth:3 * tenth])
    late = max(size for _, size, _ in samples[-3 * tenth:])
    files = [count for _, _, count in samples if count]
    yield ["H4", "100,000 targets, half of them dead: wall time", "-", f"{cost.wall:.0f} s", "-"]
    yield ["H4", "lines that are JSON", "100000", str(counted), verdict(counted == 100_000)]
    yield ["H4", "living hosts with the right certificate", "50000", str(right), verdict(right == 50_000)]
    yield ["H4", "memory late in the run against early", "within 10 %", f"{early / 1024:.1f} -> {late / 1024:.1f} MiB",
           verdict(late <= early * 1.1)]
    yield ["H4", "peak memory", "45 MiB", f"{cost.peak / 1024:.1f} MiB", verdict(cost.peak <= 45 * 1024)]
    yield ["H4", "open descriptors: early, most late in the run", "no growth beyond 1,000 connections",
           f"{max(files[:3 * tenth])}, {max(files[-3 * tenth:])}", verdict(max(files) <= 1_100)]


def giants(bench):
    """H5: giant and broken certificates: CPU, no crash, a verdict."""
    rows = []
    with bench.farm(10_000) as farm:
        def look(target):
            runs = [bench.scan([target], "--format", "ndjson", "--retries", "0", out="h5.ndjson", interval=0.005)
                    for _ in range(5)]
            return min(runs, key=lambda run: run[0].cpu)
        base = look(f"127.0.0.2:{refused_port()}")[0]
        for case in farm.odd:
            if case["group"] == "text":
                continue
            cost, path = look(f"{case['address']}:{farm.ports['odd']}")
            record = next(records(path), None)
            worst = "no record"
            if record:
                rules = ", ".join(finding["rule"] for finding in record["findings"][:4])
                worst = f"{kind_of(record)}: {rules}"
            rows.append([case["name"], (cost.cpu - base.cpu) * 1000, (cost.peak - base.peak) / 1024, cost.code, worst])
    crashed = [row[0] for row in rows if row[3] not in (0, 1, 3) or row[4] == "no record"]
    dearest = max(rows, key=lambda row: row[1])
    unnamed = [row[0] for row in rows if row[4].endswith(": ")]
    yield ["H5", f"{len(rows)} giant and broken certificates: most CPU", "100 ms", f"{dearest[1]:.0f} ms ({dearest[0]})",
           verdict(dearest[1] <= 100)]
    yield ["H5", "crashes and missing records", "0", f"{len(crashed)} {' '.join(crashed)}", verdict(not crashed)]
    yield ["H5", "without a finding", "0", f"{len(unnamed)} {' '.join(unnamed)}", verdict(not unnamed)]
    shown = [[row[0], f"{row[1]:.1f}", f"{row[2]:.1f}", row[4]] for row in rows]
    bench.notes.append(("H5: each certificate", setup.table(["case", "CPU ms more", "MiB more", "outcome: findings"], shown)))


def bomb(bench):
    """H7: a compressed certificate that claims 16 MB."""
    with bench.farm(10_000) as farm:
        def look(target):
            runs = [bench.scan([target], "--format", "ndjson", "--retries", "0", out="h7.ndjson", interval=0.002)
                    for _ in range(15)]
            return min(run[0].cpu for run in runs), min(run[0].peak for run in runs), runs[0][1]
        honest, least, _ = look(f"127.0.0.1:{farm.ports['tls']}")
        cost, peak, path = look(f"127.0.0.1:{farm.ports['bomb']}")
        kinds = [kind_of(record) for record in records(path)]
        took = [record["elapsed"]["handshake_ms"] for record in records(path)]
    more, grown = (cost - honest) * 1000, peak - least
    yield ["H7", "compressed certificate that claims 16 MB: CPU above an honest host", "1 ms", f"{more:.1f} ms",
           verdict(more <= 1)]
    yield ["H7", "memory above an honest host", "64 KiB", f"{grown} KiB", verdict(grown <= 64)]
    yield ["H7", "outcome and time in TLS", "refused", f"{kinds[0]}, {took[0]} ms", verdict(kinds[0] != "seen")]


RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def texts(bench):
    """H10: hostile texts through every format: no control character may pass."""
    with bench.farm(10_000) as farm:
        targets = bench.folder / "h10.txt"
        lines = [f"{case['address']}:{farm.ports['odd']}" for case in farm.odd]
        lines.append(f"smtp://127.0.0.1:{farm.ports['refuse']}")
        targets.write_text("\n".join(lines) + "\n")
        for name in FORMATS:
            cost, path = bench.scan([f"@{targets}"], "--format", name, "--retries", "0", "--verbose", "--all",
                                    out=f"h10.{name}")
            whole = path.read_bytes() if path.exists() else b""
            said = Path(f"{path}.err").read_bytes()
            raw = sum(len(RAW.findall(part.decode("utf-8", "replace"))) for part in (whole, said))
            more = ""
            met = raw == 0 and len(whole) > 0
            if name == "csv":
                cells = [cell for row in csv.reader(whole.decode().splitlines()) for cell in row]
                live = sum(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for cell in cells if cell)
                more, met = f", {live} cells that a spreadsheet would run", met and live == 0
            if name == "markdown":
                tags = len(re.findall(rb"<(?:script|img|b)\b", whole))
                more, met = f", {tags} live tags", met and tags == 0
            if name == "json":
                more = f", {len(json.loads(whole))} records"
            if name == "ndjson":
                more = f", {sum(1 for _ in records(path))} records"
            yield ["H10", f"{len(lines)} hostile endpoints as {name}: raw control, bidi and zero-width characters", "0",
                   f"{raw}{more}, {len(whole) // 1024} KiB", verdict(met)]


def in_flight(bench):
    """Memory for each connection that waits, from the difference of 4,000 and 16,000 hosts that stall in the first record."""
    for depth, wish in (("glance", 10), ("full", 18)):
        sizes = {}
        with bench.farm(16_000, "--no-truth") as farm:
            for count in (4_000, 16_000):
                targets = bench.folder / f"stall-{count}.txt"
                targets.write_text("".join(f"{address}:{farm.ports['stall']}\n" for address in farm.addresses[:count]))
                before = farm.accepted()["stall"]
                most = []

                def watch(pid, before=before, count=count, most=most):
                    deadline = time.monotonic() + 20
                    while time.monotonic() < deadline:
                        open_now = farm.accepted()["stall"] - before
                        most.append((open_now, measure.status_of(pid, "VmRSS")))
                        if open_now >= count or not most[-1][1]:
                            break
                        time.sleep(0.02)

                flags = ["--format", "ndjson", "--depth", depth, "--concurrency", str(count), "--retries", "0",
                         "--per-network", "1000", "--timeout", "30"]
                bench.scan([f"@{targets}"], *flags, out="flight.ndjson", started=watch)
                sizes[count] = max(most)
        (few, least), (many, largest) = sizes[4_000], sizes[16_000]
        each = (largest - least) / max(1, many - few)
        yield ["flight", f"{depth}: memory for each connection that waits ({few} to {many} open)", f"{wish} KiB",
               f"{each:.1f} KiB", verdict(each <= wish and many >= 15_000)]


def million(bench):
    """A million distinct hosts: memory, and CPU per endpoint against ten thousand of the same hosts."""
    with bench.farm(1_000_000, "--ecdsa-only", "--no-truth") as farm:
        few = farm.head("targets.txt", 10_000)
        for depth, seconds in (("glance", 150), ("full", 600)):
            flags = ["--format", "ndjson", "--depth", depth, "--trust-store", f"farm={farm.roots}"]
            small = min((bench.scan([f"@{few}"], *flags)[0] for _ in range(3)), key=lambda cost: cost.cpu)
            cost, path = bench.scan([f"@{farm.folder / 'targets.txt'}"], *flags, timeout=3600, interval=0.25)
            seen = counted = 0
            for record in records(path):
                counted += 1
                seen += kind_of(record) == "seen"
            path.unlink()
            per_few, per_many = small.cpu / 10_000 * 1000, cost.cpu / 1_000_000 * 1000
            yield ["million", f"{depth}: certificates seen", "1000000", f"{seen} of {counted}", verdict(seen == 1_000_000)]
            yield ["million", f"{depth}: peak memory", "64 MiB", f"{cost.peak / 1024:.1f} MiB "
                   f"(10,000: {small.peak / 1024:.1f})", verdict(cost.peak <= 64 * 1024)]
            yield ["million", f"{depth}: CPU per endpoint against 10,000", "within 10 %",
                   f"{per_many:.3f} ms, {per_few:.3f} ms, {per_many / per_few:.2f}x", verdict(per_many <= per_few * 1.1)]
            yield ["million", f"{depth}: wall time", f"{seconds} s", f"{cost.wall:.0f} s, {1e6 / cost.wall:.0f}/s",
                   verdict(cost.wall <= seconds)]
