"""Refuses what pages of other origins make a visitor's browser send to a service on its machine.

Browsers let every page send forms anywhere. The page cannot read the answer, but the service
computes it. The rules are those of Go's http.CrossOriginProtection.
"""

from urllib.parse import urlsplit

from service.errors import FromAnotherOrigin
from service.http.cors import Cors
from service.http.exchange import Exchange
from service.http.hosts import host_name, is_local
from service.settings import Settings

SAFE_METHODS = ("GET", "OPTIONS")  # HEAD counts as GET
PAGE_HEADERS = {b"origin", b"sec-fetch-site"}
# What browsers say of requests that the service's own page sends, or that the visitor typed.
OWN_SITE = ("same-origin", "none")
DETAIL = (
    "a page of another origin may not send this: ATLAS_CORS_ORIGINS names those that may, "
    "ATLAS_PUBLIC_URL the service's own behind a proxy"
)


class OriginCheck:
    """Only for a service without a key, which no page can send unless CORS lets it."""

    def __init__(self, settings: Settings, cors: Cors | None) -> None:
        public = urlsplit(settings.public_url or "")
        self._own_origin = f"{public.scheme}://{public.netloc}".lower()
        self._cors = cors

    def check(self, exchange: Exchange) -> None:
        """Raise FromAnotherOrigin for an unsafe request to this machine by another origin."""
        if exchange.method in SAFE_METHODS or PAGE_HEADERS.isdisjoint(exchange.headers):
            return
        site, origin = exchange.header("sec-fetch-site"), exchange.header("origin")
        host = exchange.header("host") or ""
        if site in OWN_SITE or not is_local(host_name(host) or ""):
            return
        if origin is None or not self._may_send(origin, host):
            raise FromAnotherOrigin(DETAIL)

    def _may_send(self, origin: str, host: str) -> bool:
        is_own = origin.partition("://")[2] == host or origin == self._own_origin
        return is_own or (self._cors is not None and self._cors.allows(origin))
