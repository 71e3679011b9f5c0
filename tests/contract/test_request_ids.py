"""Every answer carries an id; what is done in one request is found under it."""

import re

import pytest
from django.test import Client


def test_an_answer_without_a_given_id_has_a_new_one(client: Client) -> None:
    first, second = (client.get("/healthz").headers["X-Request-Id"] for _ in range(2))

    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


def test_a_plain_id_of_the_caller_is_kept(client: Client) -> None:
    assert (
        client.get("/healthz", headers={"X-Request-Id": "deploy-42.a_b"}).headers["X-Request-Id"]
        == "deploy-42.a_b"
    )


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "ä", "a\tb"])
def test_any_other_is_replaced(client: Client, given: str) -> None:
    answered = client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert re.fullmatch(r"[0-9a-f]{32}", answered)
