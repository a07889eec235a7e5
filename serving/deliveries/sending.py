"""One POST to an address that a tenant named, without being led into our own network.

The name is resolved once, every address that it has is judged, and the connection goes to the very address that was
judged: a second answer of the name server changes nothing. TLS is still verified against the name. Redirects are not
followed.
"""

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import httpcore
from httpcore import AnyIOBackend, AsyncNetworkStream

CONNECT_SECONDS, ANSWER_SECONDS, WHOLE_SECONDS = 5.0, 10.0, 20.0
KEPT_ANSWER = 500


class AddressRefused(Exception):
    """The address is one that webhooks may not go to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    status: int | None
    milliseconds: int
    error: str | None
    answer: str | None

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def check_url(url: str, *, allows_private: bool) -> None:
    """Refuse what can't be an endpoint's address, as far as can be seen without resolving its name.

    Raises:
        AddressRefused: with the reason.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("not an address") from None
    if parts.scheme != "https" and not (allows_private and parts.scheme == "http"):
        raise AddressRefused("must begin with https://")
    if not parts.hostname or parts.username is not None or parts.fragment or not url.isascii() or " " in url:
        raise AddressRefused("must be https://host/path, without user, password or fragment")
    if not allows_private:
        if port not in (None, 443, 8443):
            raise AddressRefused("the port must be 443 or 8443")
        with contextlib.suppress(ValueError):  # a name is judged when it is resolved
            _judge(ipaddress.ip_address(parts.hostname), allows_private=False)


class Sender:
    """Sends webhooks. ``allows_private`` opens our own network and plain HTTP: for development and tests."""

    def __init__(self, *, allows_private: bool) -> None:
        self._allows_private = allows_private
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=GuardedBackend(allows_private),
            max_connections=50,
            keepalive_expiry=5.0,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Send once. Whatever goes wrong is an outcome."""
        started = time.monotonic()
        status: int | None = None
        answer, error = None, None
        timeouts = {"connect": CONNECT_SECONDS, "read": ANSWER_SECONDS, "write": ANSWER_SECONDS, "pool": WHOLE_SECONDS}
        try:
            check_url(url, allows_private=self._allows_private)
            with anyio.fail_after(WHOLE_SECONDS):
                async with self._pool.stream(
                    "POST", url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
                ) as response:
                    status = response.status
                    answer = await _beginning(response.aiter_stream())
        except AddressRefused as refused:
            error = f"refused: {refused}"
        except TimeoutError:
            error = f"no answer within {WHOLE_SECONDS:.0f} s"
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            ssl.SSLError,
            OSError,
        ) as fault:
            error = f"{type(fault).__name__}: {fault}"[:300]
        if error is None and status is not None and not 200 <= status < 300:
            error = f"answered {status}" + (", and redirects are not followed" if 300 <= status < 400 else "")
        return Outcome(status, round((time.monotonic() - started) * 1000), error, answer)


async def _beginning(chunks: object) -> str:
    """The first bytes of an answer; the rest is not read."""
    kept = b""
    async for chunk in chunks:  # type: ignore[attr-defined]  # httpcore's own iterator
        kept += chunk
        if len(kept) >= KEPT_ANSWER:
            break
    return kept[:KEPT_ANSWER].decode("utf-8", "replace").replace("\x00", "")


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged."""

    def __init__(self, allows_private: bool) -> None:
        self._allows_private = allows_private
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Resolve, judge, connect."""
        address = await resolve(host, port, allows_private=self._allows_private)
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> AsyncNetworkStream:
        """Never."""
        raise AddressRefused("not an address of the network")

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await self._inner.sleep(seconds)


async def resolve(host: str, port: int, *, allows_private: bool) -> str:
    """The first address of a name, all of whose addresses may be called.

    Raises:
        AddressRefused: it has none, or one that may not.
    """
    try:
        with anyio.fail_after(CONNECT_SECONDS):
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"the name {host} can't be resolved") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        _judge(ipaddress.ip_address(address.partition("%")[0]), allows_private=allows_private)
    return addresses[0]


def _judge(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, allows_private: bool) -> None:
    """Refuse an address that is not of the public internet, also where it stands inside an IPv6 one."""
    inner = address
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if not allows_private and not (address.is_global and inner.is_global and not inner.is_multicast):
        raise AddressRefused("the address is not one of the public internet")
