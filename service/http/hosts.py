"""Which hosts the service answers for, by the header Host.

A page of any site can have its own name resolve to 127.0.0.1 and then read what listens there as
if it were its own (DNS rebinding). Its requests still name that site.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from service.errors import HostUnknown
from service.http.exchange import Exchange
from service.settings import Settings

# A name or an address of IPv4 or IPv6, and a port (RFC 3986 section 3.2.2, less its rare forms).
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
UNSPECIFIED = frozenset({"0.0.0.0", "[::]"})  # clients reach themselves by it
ANY = "*"
DETAIL = "the service does not answer for this host: ATLAS_ALLOWED_HOSTS names those that it does"


class Hosts:
    """Refuses requests to other hosts than these; `names` are in lower case."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)

    def check(self, exchange: Exchange) -> None:
        """Raise HostUnknown. A request without the header is HTTP/1.0, which no page sends."""
        host = exchange.header("host")
        if host and host_name(host) not in self._names:
            raise HostUnknown(DETAIL)


def hosts_of(settings: Settings, listens_on: str | None) -> Hosts | None:
    """The hosts to answer for; None: any.

    `listens_on` is the address that the server listens on, if it is known. On other than loopback
    addresses the service has names that it cannot know, so only a setting limits them.
    """
    allowed = {name.lower() for name in settings.allowed_hosts}
    own = _in_brackets(listens_on or "")
    if ANY in allowed or not (allowed or own in LOCAL or own.startswith("127.")):
        return None
    public = _in_brackets(urlsplit(settings.public_url or "").hostname or "")
    return Hosts({*LOCAL, *allowed, own, public} - {""})


@lru_cache(128)
def host_name(host: str) -> str | None:
    """The name or address in a Host header, in lower case; None where it names no host."""
    found = HOST.fullmatch(host)
    return found[1].lower().removesuffix(".") if found else None


def is_local(name: str) -> bool:
    """Whether a client that sends to this name reaches its own machine."""
    is_named = name in LOCAL or name in UNSPECIFIED
    return is_named or name.startswith("127.") or name.endswith(".localhost")


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host
