"""Ctrl-C between printing an event and remembering it would repeat the event after a resume."""

import os
import signal

import pytest

from tasks.cli.interrupts import Interrupts


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_waits_for_the_end_of_the_block() -> None:
    done = []

    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held():
        press()
        done.append("printed")

    assert done == ["printed"]


def test_a_second_ctrl_c_does_not_wait() -> None:
    done = []

    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held():
        press()
        press()
        done.append("printed")

    assert done == []


def test_outside_the_block_ctrl_c_is_as_usual() -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_that_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts():
            press()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
