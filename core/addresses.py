"""Addresses that requests come from, as they count."""

from ipaddress import ip_address, ip_network


def network_of(address: str) -> str:
    """Return what an address counts as: of IPv4 itself, also where IPv6 carries it; of IPv6 the /64 of one customer."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
