"""Every way in which a server ends or cannot begin, and what it leaves behind."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.operation.harness import (
    N_WORKERS,
    ROOT,
    end,
    environment,
    origin,
    rover,
    running,
    start,
    wait_for,
)

pytestmark = pytest.mark.processes
STOP_SECONDS = 10.0


def test_sigterm_with_slow_pages_in_flight_stops_everything_in_time_and_gives_the_batch_back(
    data_dir: Path, token: str
) -> None:
    with origin() as site, running(data_dir, token=token) as server:
        task_id = server.start_batch([f"{site}/slow/{number}" for number in range(20)])
        wait_for(lambda: server.task_row(task_id, "last_seq") >= 3, seconds=15, what="fetches in flight")
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
        assert (code, server.survivors()) == (0, [])
        assert took < STOP_SECONDS
        assert server.status_of(task_id) == "running"
        assert server.task_row(task_id, "lease_owner") == ""


def test_a_killed_supervisor_leaves_no_process_and_the_next_start_serves_the_same_data(
    data_dir: Path, token: str
) -> None:
    with running(data_dir) as server:
        assert len(server.tree()) >= N_WORKERS + 5
        server.process.kill()
        wait_for(lambda: not server.survivors(), seconds=2, what=f"no survivor of {server.survivors()}")
    with running(data_dir, token=token) as again:
        assert again.get("/v1/batches")[0] == 200


def test_it_starts_with_its_input_closed_logs_json_alone_and_stops_at_ctrl_c(data_dir: Path) -> None:
    with running(data_dir, closed_stdin=True, log_format="json", server="uvicorn") as server:
        code = server.stop(signal.SIGINT)
    logged = [line for line in server.output().splitlines() if line.startswith("{")]
    said = [line for line in server.output().splitlines() if line and not line.startswith("{")]
    assert code == 0
    assert {"web", "worker", "up"} <= {json.loads(line)["logger"].rpartition(".")[2] for line in logged}
    assert all(line.startswith(("Rover ", "Nobody may", "Ctrl-C")) for line in said), said


def test_a_port_in_use_is_said_at_once_in_plain_words(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        answer = rover(tmp_path / "data", "up", "--port", str(port))
    assert answer.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in answer.stderr


def test_an_exposed_server_without_its_address_refuses_and_says_what_to_set(tmp_path: Path) -> None:
    answer = rover(tmp_path / "data", "up", "--port", "0", "--bind", "0.0.0.0")
    assert answer.returncode == 2
    assert "ROVER_PUBLIC_URL" in answer.stderr


def test_two_starts_on_one_empty_data_directory_do_not_race(tmp_path: Path) -> None:
    preparing = [
        subprocess.Popen(
            [sys.executable, "-m", "rover_site.operation.preparing"],
            cwd=ROOT,
            env=environment(tmp_path / "data"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in preparing]
    assert [process.returncode for process in preparing] == [0, 0], said
    assert [json.loads(answer)["n_owners"] for answer, _ in said] == [0, 0]


def test_a_signal_before_anything_runs_ends_the_start(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    try:
        wait_for(lambda: (tmp_path / "data").exists(), seconds=20, what="a data directory")
        server.tree()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=STOP_SECONDS)
        wait_for(lambda: not server.survivors(), seconds=5, what="no survivor")
    finally:
        end(server)


def test_the_web_server_alone_tells_its_real_port_and_ends_at_sigterm(data_dir: Path) -> None:
    log = data_dir.with_name("web.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rover_site.cli", "web", "--port", "0"],
            cwd=ROOT,
            env=environment(data_dir),
            stdin=subprocess.DEVNULL,
            stderr=output,
        )
    try:
        said = wait_for(
            lambda: re.search(r"daphne on http://127\.0\.0\.1:(\d+)", log.read_text()),
            seconds=20,
            what="its address",
        )
        answers = wait_for(lambda: _status(int(said[1]), "/healthz"), seconds=20, what="an answer")
    finally:
        process.terminate()
        code = process.wait(timeout=STOP_SECONDS)
    assert (answers, code) == (200, 0)


def _status(port: int, path: str) -> int | None:
    with (
        suppress(OSError, HTTPException),
        closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection,
    ):
        connection.request("GET", path)
        return connection.getresponse().status
    return None
