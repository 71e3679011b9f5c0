"""A name server on loopback for TXT records."""

import socket
import threading
from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Reply = Callable[[dns.message.Message], dns.message.Message | None]


class NameServer:
    """Answers TXT questions over UDP from `records`; a name may have a `reply` of its own. Counts questions."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.replies: dict[str, Reply] = {}
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while (received := self._socket.recvfrom(65_535))[0]:
            question = dns.message.from_wire(received[0])
            name = question.question[0].name.to_text(omit_final_dot=True).lower()
            self.asked.append(name)
            answer = self.replies.get(name, self._from_records)(question)
            if answer is not None:
                self._socket.sendto(answer.to_wire(), received[1])

    def _from_records(self, question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        name = question.question[0].name
        values = self.records.get(name.to_text(omit_final_dot=True).lower())
        if values is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif values:
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", values))
        return answer


def failing(code: dns.rcode.Rcode) -> Reply:
    def reply(question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.set_rcode(code)
        return answer

    return reply
