"""A real server that sends, dies in the middle, and goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.server import RoverServer, wait_until
from tests.roverbook.webhooks.receiver import Exchange, Receiver, receiving, says
from tests.roverbook.webhooks.trying import try_webhook

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RoverServer]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    made = RoverServer(data_dir=data_dir)
    yield made.start()
    made.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def send_test(server: RoverServer, receiver: Receiver) -> Callable[[], None]:
    """Make a site with a webhook; returns what sends a test to it."""
    server.rover("owner", "create", "owner", "--no-password")
    token = server.rover("owner", "token", "owner", "--scope", "manage")
    key = {"siteName": "Bakery", "label": "Live", "allowedDomains": ["bakery.example"]}
    site_id = server.request("POST", "/api/v1/generateRoverSiteKey", token, key)["data"]["siteId"]
    wanted = {"siteId": site_id, "enabled": True, "webhooks": [{"url": receiver.url}]}
    server.request("POST", "/api/v1/upsertRoverBookNotificationSettings", token, wanted)
    return lambda: try_webhook(server)


def test_a_killed_server_begins_the_attempt_anew_and_waits_do_not_begin_again(
    server: RoverServer, receiver: Receiver, send_test: Callable[[], None]
) -> None:
    receiver.reacts(Exchange.until_let_go, says(500), says(200))
    send_test()
    assert receiver.came.wait(30)
    server.kill()
    server.start()
    wait_until(lambda: len(receiver.got) == 2, what="the second attempt")
    next_at = wait_until(
        lambda: server.sql("SELECT next_at FROM roverbook_webhookdelivery WHERE attempts_made = 1"),
        what="a wait",
    )
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    ((error,),) = server.sql("SELECT error FROM roverbook_webhookattempt WHERE number = 1")
    assert error.startswith("interrupted")

    server.kill()
    server.start()
    assert server.sql("SELECT next_at FROM roverbook_webhookdelivery") == next_at
    assert len(receiver.got) == 2
    wait_until(lambda: len(receiver.got) == 3, 60, "the third attempt, when its time has come")
    wait_until(
        lambda: server.sql("SELECT status FROM roverbook_webhookdelivery") == [("delivered",)],
        what="the delivery",
    )


def test_a_stop_does_not_wait_for_a_receiver_that_stalls(
    server: RoverServer, receiver: Receiver, send_test: Callable[[], None]
) -> None:
    receiver.reacts(Exchange.until_let_go)
    send_test()
    assert receiver.came.wait(30)

    server.stop()

    assert server.sql("SELECT lease_owner FROM tasks_task") == [("",)]
    assert "Traceback" not in server.log()
