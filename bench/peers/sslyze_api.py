"""sslyze as a monitoring job uses it: CERTIFICATE_INFO for a list of name@address:port, so many servers at a time.

Prints the SHA-256 of each leaf. Run it with the Python that has sslyze: sslyze_api.py TARGETS CONCURRENCY"""

import sys

from cryptography.hazmat.primitives.hashes import SHA256
from sslyze import (ScanCommand, Scanner, ServerNetworkConfiguration, ServerNetworkLocation, ServerScanRequest,
                    ServerScanStatusEnum)


def requests(path):
    with open(path) as file:
        for line in file:
            name, _, rest = line.strip().partition("@")
            address, _, port = rest.rpartition(":")
            yield ServerScanRequest(
                server_location=ServerNetworkLocation(hostname=name, ip_address=address, port=int(port)),
                network_configuration=ServerNetworkConfiguration(tls_server_name_indication=name),
                scan_commands={ScanCommand.CERTIFICATE_INFO},
            )


def main():
    scanner = Scanner(concurrent_server_scans_limit=int(sys.argv[2]))
    scanner.queue_scans(list(requests(sys.argv[1])))
    for result in scanner.get_results():
        if result.scan_status is not ServerScanStatusEnum.COMPLETED:
            print("failed", result.server_location.ip_address)
            continue
        attempt = result.scan_result.certificate_info
        for deployment in attempt.result.certificate_deployments if attempt.result else []:
            print(deployment.received_certificate_chain[0].fingerprint(SHA256()).hex())


main()
