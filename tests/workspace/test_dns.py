"""TXT records, asked of a real name server on loopback."""

from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.workspace.name_server import NameServer, failing
from workspace.io import dns as reading
from workspace.io.dns import read_txt
from workspace.io.web import DnsUnavailable


@pytest.fixture
def server(settings: Any) -> Iterator[NameServer]:
    running = NameServer()
    running.start()
    settings.DNS_SERVERS = [running.address]
    yield running
    running.stop()


def test_every_value_is_read(server: NameServer) -> None:
    server.records["_rover.shop.example"] = ['"v=spf1 -all"', '"rover-site=abc"']
    assert sorted(read_txt("_rover.shop.example")) == ["rover-site=abc", "v=spf1 -all"]
    assert server.asked == ["_rover.shop.example"]


def test_the_parts_of_one_value_are_joined(server: NameServer) -> None:
    server.records["shop.example"] = ['"rover-" "site=" "abc"']
    assert read_txt("shop.example") == ("rover-site=abc",)


def test_bytes_that_are_no_text_do_not_stop_the_others(server: NameServer) -> None:
    server.records["shop.example"] = ['"\\255\\254"', '"good"']
    assert "good" in read_txt("shop.example")


def test_a_name_that_does_not_exist_has_no_values(server: NameServer) -> None:
    assert read_txt("nobody.example") == ()


def test_a_name_without_such_records_has_no_values(server: NameServer) -> None:
    server.records["shop.example"] = []
    assert read_txt("shop.example") == ()


def test_an_alias_is_followed(server: NameServer) -> None:
    def alias(question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        answer.answer.append(dns.rrset.from_text("_rover.shop.example.", 60, "IN", "CNAME", "proof.example."))
        answer.answer.append(dns.rrset.from_text("proof.example.", 60, "IN", "TXT", '"rover-site=abc"'))
        return answer

    server.replies["_rover.shop.example"] = alias
    assert read_txt("_rover.shop.example") == ("rover-site=abc",)


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_name_server_that_fails_is_not_an_answer(server: NameServer, code: dns.rcode.Rcode) -> None:
    server.replies["shop.example"] = failing(code)
    with pytest.raises(DnsUnavailable) as caught:
        read_txt("shop.example")
    assert caught.value.retryable


def test_a_name_server_that_is_silent_is_not_an_answer(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.3)
    server.replies["shop.example"] = lambda question: None
    with pytest.raises(DnsUnavailable):
        read_txt("shop.example")


def test_an_answer_to_another_question_is_not_taken(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forged(question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.id = (question.id + 1) % 65_536
        answer.answer.append(dns.rrset.from_text("shop.example.", 60, "IN", "TXT", '"forged"'))
        return answer

    monkeypatch.setattr(reading, "SECONDS", 0.3)
    server.replies["shop.example"] = forged
    with pytest.raises(DnsUnavailable):
        read_txt("shop.example")


@pytest.mark.parametrize(
    "name", ["a" * 64 + ".example", "b." * 130 + "example", "a..example", "\ud800.example"]
)
def test_a_name_that_cannot_exist_has_no_values_and_is_not_asked_for(server: NameServer, name: str) -> None:
    assert read_txt(name) == ()
    assert server.asked == []


def test_at_most_a_hundred_values_are_read(server: NameServer) -> None:
    server.records["shop.example"] = [f'"{number}"' for number in range(150)]
    assert len(read_txt("shop.example")) == 100
