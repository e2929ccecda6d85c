"""Starts the farm, asks it how many connections it accepted, and ends it."""

import csv
import json
import random
import subprocess
from pathlib import Path


class Farm:
    """A running farm and the lists it wrote. Use it in a `with` block: leaving it ends the farm."""

    def __init__(self, program, folder, hosts, *flags):
        self.folder = Path(folder)
        argv = [str(program), "--dir", str(folder), "--hosts", str(hosts), *flags]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            raise SystemExit("the farm did not start")
        description = json.loads((self.folder / "farm.json").read_text())
        self.ports = description["ports"]
        self.odd = description["odd"]
        self.roots = self.folder / "roots.pem"
        self.addresses = [line.rsplit(":", 1)[0] for line in (self.folder / "addresses.txt").read_text().split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)

    def accepted(self):
        """Connections accepted so far, by port word."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def truth(self, hosts=None):
        """Address to row of the truth file, for the first so many hosts."""
        with open(self.folder / "truth.csv", newline="") as file:
            rows = {row["address"]: row for row in csv.DictReader(file)}
        return {address: rows[address] for address in self.addresses[:hosts]}

    def head(self, name, hosts):
        """A list with the first so many lines of `name`."""
        path = self.folder / f"{hosts}-{name}"
        if not path.exists():
            with open(self.folder / name) as whole:
                lines = [line for line, _ in zip(whole, range(hosts))]
            path.write_text("".join(lines))
        return path

    def mix(self, name, hosts, shares):
        """A list where each behaviour has its share (the rest is honest), shuffled the same way every time.

        `shares` maps a port word to a number of hosts. Gives the path and the behaviour of every address."""
        names = {row["address"]: row["name"] for row in self.truth(hosts).values()}
        addresses = self.addresses[:hosts]
        order = random.Random(7).sample(addresses, len(addresses))
        behaviour = {}
        for word, count in shares.items():
            for address in order[:count]:
                behaviour[address] = word
            order = order[count:]
        behaviour.update((address, "tls") for address in order)
        path = self.folder / name
        with open(path, "w") as out:
            for address in addresses:
                word = behaviour[address]
                scheme = word.removeprefix("banner-") + "://" if word.startswith("banner-") else ""
                out.write(f"{scheme}{names[address]}@{address}:{self.ports[word]}\n")
        return path, behaviour
