"""Ports for servers that bind them later."""

import random
import socket

__all__ = ["free_port"]

# The kernel gives ports from 32,768 on (Linux; others: 49,152) to connections and to sockets that name none.
# It may give away one of those before a server has started and binds it.
_RANGE = range(20_000, 32_768)
# At random, so that programs that choose at the same time get different ones.
_ports = iter(random.SystemRandom().sample(_RANGE, len(_RANGE)))


def free_port() -> int:
    """Return a port on loopback that nothing has bound, and that this function has not returned before."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
