"""Every error can be told apart, mapped and sent."""

import pickle

import pytest

import tasks.core.errors
import tasks.fetching.errors
import tasks.services.batch_plan  # noqa: F401 - defines an error of its own
from rover_site.problems import STATUS, problem
from tasks.core.errors import UrlsRejected
from tasks.fetching.errors import SsrfDenied
from workspace.core.errors import ErrorKind, RoverError


def every_error() -> list[type[RoverError]]:
    found: list[type[RoverError]] = []
    waiting = [RoverError]
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            if "code" in vars(cls):
                found.append(cls)
    return found


def test_each_code_belongs_to_one_error() -> None:
    codes = [cls.code for cls in every_error() if cls is not UrlsRejected]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("cls", every_error(), ids=lambda cls: cls.__name__)
def test_each_error_has_a_kind_with_a_status(cls: type[RoverError]) -> None:
    assert cls.kind in STATUS


def test_each_kind_has_a_status() -> None:
    assert set(STATUS) == set(ErrorKind)


def test_a_problem_carries_code_detail_and_the_errors_own_fields() -> None:
    status, body = problem(SsrfDenied("refused", reason="loopback", hop=0), instance="/v1/batches")

    assert status == 403
    assert body == {
        "type": "about:blank",
        "title": "Ssrf denied",
        "status": 403,
        "detail": "refused",
        "instance": "/v1/batches",
        "code": "ssrf_denied",
        "retryable": False,
        "error": {"code": "ssrf_denied", "message": "refused", "retryable": False},
        "reason": "loopback",
        "hop": 0,
    }


def test_an_error_keeps_its_fields_when_it_crosses_a_process_border() -> None:
    sent = SsrfDenied("refused", reason="loopback", retryable=True)

    received = pickle.loads(pickle.dumps(sent))

    assert (received.message, received.data, received.retryable) == ("refused", {"reason": "loopback"}, True)
