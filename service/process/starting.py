"""What a start says: why it is refused, or that the service is ready."""

import errno
import logging
import socket
import sys

from service.environment import wrong
from service.errors import AddressUnusable
from service.process.logs import write_logs

logger = logging.getLogger(__name__)

WRONG_START = 2  # exit code
MAX_PORT = 2**16 - 1


def refuse(reason: Exception) -> int:
    """Write why the service cannot start, a line for each reason. Returns the exit code."""
    for line in str(reason).splitlines():
        sys.stderr.write(f"latent-atlas: {line}\n")
    return WRONG_START


def announce(is_ready: bool, host: str, port: int) -> None:
    """Log that the service is ready, or that it serves without all of its models."""
    if not is_ready:
        logger.warning("Latent Atlas serves on port %d, but /readyz names models it lacks", port)
    elif host in ("127.0.0.1", "::1", "localhost"):
        logger.info("Latent Atlas is ready: open http://localhost:%d", port)
    else:
        logger.info("Latent Atlas is ready on %s", shown(host, port))
    write_logs()  # somebody waits for this line


def shown(host: str, port: int) -> str:
    """The address as a URL."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def bound_socket(host: str, port: int, is_shared: bool) -> socket.socket:
    """A socket that is bound but does not listen. Raises AddressUnusable.

    Other processes can bind a shared address too.
    """
    try:
        return _bind(host, port, is_shared)
    except OSError as exc:
        raise _refusal(host, port, exc) from exc
    except UnicodeError as exc:  # a part of the name is empty or too long
        why = "expected an address of this machine"
        raise AddressUnusable(wrong("host", host, why)) from exc


def require_free(host: str, port: int) -> None:
    """Raise AddressUnusable where another server listens, which sharing would hide."""
    with bound_socket(host, port, is_shared=False) as bound:
        try:
            bound.listen()
        except OSError as exc:
            raise _refusal(host, port, exc) from exc


def _bind(host: str, port: int, is_shared: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _refusal(host: str, port: int, exc: OSError) -> AddressUnusable:
    if exc.errno == errno.EADDRINUSE:
        free = port + 1 if port < MAX_PORT else None
        return AddressUnusable(wrong("port", port, "another program uses this port", free))
    if exc.errno == errno.EACCES:
        return AddressUnusable(wrong("port", port, "this user may not listen on this port"))
    why = f"expected an address of this machine ({exc.strerror})"
    return AddressUnusable(wrong("host", host, why))
