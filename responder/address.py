"""The address of the desk: taken once by the desk, and tried before a start."""

import socket

from responder.errors import DeskUnavailable


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; `::` takes IPv6 and IPv4.

    Raises:
        DeskUnavailable: the address is taken, or not of this machine.
    """
    # asyncio would open `::` for IPv6 alone, so the socket is made here.
    six = ":" in host
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if six else socket.AF_INET, dualstack_ipv6=host == "::"
        )
    except (OSError, ValueError) as error:
        raise DeskUnavailable(
            f"the desk cannot listen here ({error.strerror if isinstance(error, OSError) else error})",
            item=f"[{host}]:{port}" if six else f"{host}:{port}",
            todo="Set WENZHENG_PORT above 1023."
            if isinstance(error, PermissionError)
            else "Stop what listens there, or set WENZHENG_HOST and WENZHENG_PORT.",
        ) from error
