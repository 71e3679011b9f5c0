"""The listening socket of the web server."""

import socket
from contextlib import ExitStack, closing

import pytest

from rover_site.operation.serving import CannotListen, adopt, listen, port_of

N_CLIENTS = 400


def test_port_0_takes_a_free_one_and_tells_it() -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        assert port_of(listener) > 0


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with closing(listen("127.0.0.1", 0)) as taken, pytest.raises(CannotListen, match="--port or ROVER_PORT"):
        listen("127.0.0.1", port_of(taken))


def test_an_address_of_another_machine_is_refused_by_name() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1 is no address of this machine"):
        listen("192.0.2.1", 0)


def test_hundreds_of_clients_may_connect_before_one_is_accepted() -> None:
    with closing(listen("127.0.0.1", 0)) as listener, ExitStack() as clients:
        for _ in range(N_CLIENTS):
            clients.enter_context(socket.create_connection(("127.0.0.1", port_of(listener)), timeout=2))
        accepted = 0
        for _ in range(N_CLIENTS):
            connection, _ = listener.accept()
            connection.close()
            accepted += 1
    assert accepted == N_CLIENTS


def test_an_adopted_descriptor_is_the_same_socket() -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        adopted = adopt(listener.fileno())
        try:
            assert adopted.getsockname() == listener.getsockname()
        finally:
            adopted.detach()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_is_served() -> None:
    try:
        listener = listen("::1", 0)
    except CannotListen:
        pytest.skip("this machine has no ::1")
    with closing(listener), closing(socket.create_connection(("::1", port_of(listener)), timeout=2)):
        connection, _ = listener.accept()
        with connection:
            assert connection.family == socket.AF_INET6
