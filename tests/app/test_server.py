"""The real page on localhost over real HTTP: what it serves, what it refuses, what it answers."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from app.answering import Answering
from app.handlers import FAILED
from app.page import EXAMPLES
from app.security import HEADERS
from app.server import Server
from ragkit.errors import ConfigError

if TYPE_CHECKING:
    from tests.app.conftest import FixedAnswers

# Gradio's queue statistics use an option that pandas gives up.
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")

CLOSED = (
    "gradio_api/upload",
    "gradio_api/file=/etc/passwd",
    "gradio_api/proxy=https://evil.example/",
    "gradio_api/component_server",
    "gradio_api/run/ask",
    "gradio_api/call/ask",
    "gradio_api/runs",
    "gradio_api/vibe-code",
    "monitoring",
    "openapi.json",
    "docs",
)


@pytest.fixture
def web(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def ask(web: httpx.Client, question: str) -> str:
    """Everything that the server streams for a question, as the browser receives it."""
    config = web.get("config").json()
    handler = next(d["id"] for d in config["dependencies"] if d["api_name"] == "ask")
    session = uuid.uuid4().hex
    job = {"data": [question, None], "fn_index": handler, "session_hash": session}
    assert web.post("gradio_api/queue/join", json=job).status_code == 200
    events = []
    with web.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            events.append(line.removeprefix("data: "))
            if "process_completed" in line:
                break
    return "\n".join(json.dumps(json.loads(e), ensure_ascii=False) for e in events if e)


@pytest.mark.parametrize("path", ["", "config", "theme.css", "no-such-page", "gradio_api/upload"])
def test_every_response_carries_the_security_headers(web: httpx.Client, path: str) -> None:
    received = web.get(path).headers
    assert {name: received.get(name) for name in HEADERS} == HEADERS


def test_the_policy_allows_nothing_from_elsewhere_and_no_generated_code() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"https?:|\*", policy)


def test_the_page_loads_nothing_from_another_host(web: httpx.Client) -> None:
    page = web.get("").text
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)=\"([^\"]+)\"", page)
    assert loaded
    assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)]
    assert "fonts.googleapis" not in page
    assert "fonts.googleapis" not in web.get("theme.css").text


def test_questions_are_not_stored_in_the_browser_and_no_statistics_are_sent(
    web: httpx.Client,
) -> None:
    config = web.get("config").json()
    assert config["run_history"] is False
    assert config["analytics_enabled"] is False
    assert config["footer_links"] == []


@pytest.mark.parametrize("path", CLOSED)
def test_a_route_that_the_page_does_not_need_is_closed(web: httpx.Client, path: str) -> None:
    assert web.get(path).status_code == 404
    assert web.post(path, json={}).status_code == 404


def test_another_host_name_is_refused(web: httpx.Client) -> None:
    assert web.get("", headers={"Host": "evil.example"}).status_code == 400


def test_an_answer_comes_through_the_queue(web: httpx.Client) -> None:
    received = ask(web, "What did Saltmere learn?")
    assert "Nurses and teachers met there each Tuesday." in received
    assert "Staff met weekly at the hub." in received
    assert "Answer ready, 3 sources." in received


def test_hostile_text_of_a_document_arrives_inert(web: httpx.Client) -> None:
    received = ask(web, "What did Saltmere learn?")
    assert "The hub closed for repairs" in received
    assert not re.search(r"<script|<img|onerror", received)


def test_a_hostile_question_arrives_inert(web: httpx.Client) -> None:
    received = ask(web, "Hubs <img src=https://evil.example/x onerror=alert(1)>?")
    assert "Hubs" in received
    assert "<img" not in received


def test_an_error_arrives_as_one_line(web: httpx.Client) -> None:
    received = ask(web, "broken?")
    assert "is damaged: run" in received
    assert "Traceback" not in received


def test_a_question_that_is_too_long_is_refused_by_the_server(
    web: httpx.Client, pipeline: "FixedAnswers"
) -> None:
    asked = len(pipeline.asked)
    assert "100,000 characters" in ask(web, "a" * 100_000)
    assert len(pipeline.asked) == asked


def test_a_fault_of_ours_tells_the_browser_nothing(web: httpx.Client) -> None:
    received = ask(web, "bug?")
    assert FAILED in received
    assert "secret-detail" not in received
    assert "ZeroDivisionError" not in received


def test_a_busy_port_names_the_option_to_use(
    server: Server, pipeline: Answering, start: Callable[[Answering, int], Server]
) -> None:
    port = httpx.URL(server.url).port
    assert port is not None
    with pytest.raises(ConfigError, match=rf"port {port} is in use.*--port \d+"):
        start(pipeline, port)


def test_the_example_questions_are_plain_buttons(web: httpx.Client) -> None:
    components = web.get("config").json()["components"]
    buttons = {c["props"]["value"] for c in components if c["type"] == "button"}
    assert buttons.issuperset(EXAMPLES)
