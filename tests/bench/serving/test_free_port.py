"""Ports that are chosen now and bound later."""

import socket
from pathlib import Path

import pytest

from bench.serving.free_port import free_port

GIVEN_BY_THE_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_server_can_bind_the_port() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_a_port_that_is_bound_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = free_port(), free_port()
    monkeypatch.setattr("bench.serving.free_port._ports", iter([taken, free]))
    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() == free


def test_no_port_is_chosen_twice() -> None:
    assert len({free_port() for _ in range(500)}) == 500


@pytest.mark.skipif(not GIVEN_BY_THE_KERNEL.exists(), reason="reads Linux's range of ephemeral ports")
def test_the_kernel_gives_the_port_to_nobody_else() -> None:
    lowest, highest = map(int, GIVEN_BY_THE_KERNEL.read_text(encoding="ascii").split())
    assert not {free_port() for _ in range(100)} & set(range(lowest, highest + 1))
