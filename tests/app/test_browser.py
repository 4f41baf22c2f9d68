"""The page in a real browser: reading a source by keyboard and mouse, and calling nobody."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from app.server import Server

if TYPE_CHECKING:
    from tests.app.conftest import FixedAnswers

pytestmark = [
    pytest.mark.browser,
    # Gradio's queue statistics use an option that pandas gives up.
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
]

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def blank(chromium: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield browser.new_page(viewport={"width": 1280, "height": 800})
        browser.close()


@pytest.fixture
def requested(blank: Page) -> Iterator[list[str]]:
    """The address of every request of the browser."""
    seen: list[str] = []

    def note(request: object) -> None:
        seen.append(str(getattr(request, "url", "")))

    blank.on("request", note)
    yield seen
    blank.remove_listener("request", note)


@pytest.fixture
def page(blank: Page, requested: list[str], server: Server) -> Page:
    blank.set_viewport_size({"width": 1280, "height": 800})
    blank.goto("about:blank")  # so that a test never starts with another one's anchor
    blank.goto(server.url)
    expect(blank.get_by_label("Your question")).to_be_visible()
    return blank


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_contain_text("Answer ready, 3 sources.")
    expect(page.locator("#answer")).to_contain_text(question)


def test_a_marker_opens_the_section_at_the_marked_sentence(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    section = page.locator(".section-text").nth(1)
    expect(section).to_be_hidden()
    page.get_by_role("link", name="Source 2: Review of Hubs in Saltmere").click()
    expect(section).to_be_visible()
    marked = page.locator("#q1-source-2")
    expect(marked).to_have_text("We were all guessing until the data came.")
    expect(marked).to_be_in_viewport()
    expect(marked).to_be_focused()


def test_the_keyboard_opens_a_source_and_returns_to_the_answer(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    marker = page.get_by_role("link", name="Source 3: Review of Hubs in Saltmere")
    marker.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#q1-source-3")).to_be_focused()
    page.get_by_role("link", name="Back to the answer, source 3").press("Enter")
    expect(page.locator(".section-text").nth(2)).to_be_hidden()
    expect(marker).to_be_in_viewport()


def test_a_marker_works_when_the_address_holds_a_query(page: Page, server: Server) -> None:
    page.goto(f"{server.url}?__theme=dark")
    ask(page, "What did Saltmere learn?")
    page.get_by_role("link", name="Source 2: Review of Hubs in Saltmere").click()
    expect(page.locator("#q1-source-2")).to_be_focused()


def test_asking_leaves_the_focus_in_the_question_box(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    expect(page.get_by_label("Your question")).to_be_focused()


def test_hostile_text_of_a_document_does_nothing(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    expect(page.locator("#answer")).to_contain_text("The hub closed for repairs")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#columns img, #columns script, #columns iframe").count() == 0


def test_no_request_leaves_this_computer(page: Page, requested: list[str], server: Server) -> None:
    ask(page, "What did Saltmere learn?")
    page.get_by_role("link", name="Source 2: Review of Hubs in Saltmere").click()
    page.get_by_role("button", name="Who chairs the Evelina partnership board?").click()
    expect(page.locator("#answer")).to_contain_text("Evelina")
    assert len(requested) > 10
    assert [a for a in requested if not a.startswith((server.url, "about:", "data:"))] == []


def test_nothing_is_kept_in_the_browser(page: Page) -> None:
    ask(page, "A question with PRIVATE-WORDS in it")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "PRIVATE-WORDS" not in kept


def test_the_answer_is_announced_once_in_one_live_region(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    # Gradio keeps a live region of its own, which stays empty.
    speaking = page.get_by_role("status").filter(has_text="Answer ready, 3 sources.")
    expect(speaking).to_have_count(1)
    assert page.locator("#answer [aria-live], #sources [aria-live]").count() == 0


def test_stop_ends_the_writing_and_frees_the_queue(page: Page, pipeline: "FixedAnswers") -> None:
    page.get_by_label("Your question").fill("slow?")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_contain_text("Nurses and teachers")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#progress")).to_contain_text("Stopped.", timeout=20_000)
    assert pipeline.stopped.wait(timeout=10)
    expect(page.locator("#answer")).to_contain_text("Nurses and teachers")
    ask(page, "What did Saltmere learn?")


def test_a_new_conversation_forgets_the_old_one(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    ask(page, "And what did it cost?")
    expect(page.locator("#earlier")).to_contain_text("What did Saltmere learn?")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#earlier")).not_to_contain_text("Saltmere")
    expect(page.locator("#answer")).not_to_contain_text("cost")


def test_an_error_is_one_line_and_the_next_question_works(page: Page) -> None:
    page.get_by_label("Your question").fill("broken?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#answer .error")).to_contain_text("is damaged: run 'ragkit ingest' again")
    ask(page, "What did Saltmere learn?")


def test_a_narrow_window_does_not_scroll_sideways(page: Page) -> None:
    ask(page, "What did Saltmere learn?")
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
