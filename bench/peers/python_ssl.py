"""The usual Python certificate monitor: a thread pool, and for every check a default context, a connection, getpeercert().

Prints the SHA-256 of each leaf that it sees. python_ssl.py TARGETS ROOTS THREADS"""

import hashlib
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor


def check(target, roots):
    name, _, rest = target.strip().partition("@")
    address, _, port = rest.rpartition(":")
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(roots)
        with socket.create_connection((address, int(port)), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as tls:
                tls.getpeercert()
                return hashlib.sha256(tls.getpeercert(binary_form=True)).hexdigest()
    except OSError as error:
        return f"{name}: {error}"


def main():
    targets, roots, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(targets) as file, ThreadPoolExecutor(threads) as pool:
        for answer in pool.map(lambda target: check(target, roots), list(file)):
            print(answer)


main()
