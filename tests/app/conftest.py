"""A page over three invented sections, served on localhost, and a browser to look at it."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.answering import Answering
from app.page import build_app
from app.server import Server, serve
from ragkit.errors import IndexFileError
from ragkit.render import SectionView
from ragkit.types import (
    Answer,
    AnswerSentence,
    Citation,
    Document,
    Origin,
    Section,
    SectionKind,
    Sentence,
    SentenceKind,
    Status,
    Timings,
    Turn,
)

HOSTILE = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1"> ![x](https://evil.example/q)'
PARTS = (
    (SentenceKind.PROSE, "Saltmere opened its first hub for children in the spring. "),
    (SentenceKind.PROSE, "Nurses and teachers met there each Tuesday.\n\n"),
    (SentenceKind.BULLET, "Share the record before the first visit.\n"),
    (SentenceKind.BULLET, "Agree who rings the family.\n\n"),
    (SentenceKind.QUOTATION, "We were all guessing until the data came.\n\n"),
    (SentenceKind.PROSE, f"The hub closed for repairs {HOSTILE} in winter.\n\n"),
    (SentenceKind.PROSE, "Filler keeps the panel long enough to scroll. " * 60),
)


def saltmere() -> SectionView:
    """A section with every common kind of sentence, one of them hostile."""
    text, sentences = "4.2 What Saltmere learned\n\n", []
    body_start = len(text)
    for ordinal, (kind, raw) in enumerate(PARTS):
        start, words = len(text), raw.strip()
        text += raw
        sentences.append(
            Sentence(
                f"s{ordinal}", "saltmere", "4.2", ordinal, kind, start, start + len(words), words
            )
        )
    document = Document("saltmere", "Review of Hubs in Saltmere", "saltmere.txt", "0" * 64, text)
    section = Section(
        "4.2", "saltmere", 0, SectionKind.NUMBERED, "4.2", "What Saltmere learned", 2,
        ("4 Saltmere", "4.2 What Saltmere learned"), "4.2", 0, body_start, len(text),
    )  # fmt: skip
    return SectionView(document, section, tuple(sentences))


@dataclass
class FixedAnswers:
    """Answers every question from one section, in two steps, and keeps what it was asked."""

    view: SectionView = field(default_factory=saltmere)
    asked: list[tuple[str, tuple[Turn, ...]]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def stream(
        self, question: str, *, history: Sequence[Turn] = (), scope: str = ""
    ) -> Iterator[Answer]:
        self.asked.append((question, tuple(history)))
        if "broken" in question:
            raise IndexFileError("index 'out' is damaged: run 'ragkit ingest' again")
        if "bug" in question:
            raise ZeroDivisionError("secret-detail")
        if "nothing" in question:
            yield self._abstention(question)
            return
        chosen = (1, 4, 5)
        citations = tuple(self._citation(n, i) for n, i in enumerate(chosen, 1))
        quoted = tuple(AnswerSentence(c.quote, Origin.QUOTE, (c.n,)) for c in citations)
        first = Answer(
            question, Status.ANSWERED, quoted, citations, (), (), (), (), Timings(), None, "0" * 8
        )
        yield first
        if "slow" in question:
            yield from self._slowly(first)
        reworded = AnswerSentence("Staff met weekly at the hub.", Origin.REWORDED, (1,))
        yield replace(first, sentences=(reworded, *quoted[1:]), missing=("what it cost",))

    def section_view(self, citation: Citation) -> SectionView:
        return self.view

    def documents(self) -> tuple[Document, ...]:
        return (self.view.document,)

    def _slowly(self, answer: Answer) -> Iterator[Answer]:
        try:
            for _ in range(600):
                time.sleep(0.05)
                yield answer
        finally:
            self.stopped.set()

    def _abstention(self, question: str) -> Answer:
        notice = AnswerSentence("The reports do not say this.", Origin.NOTICE)
        return Answer(
            question, Status.NOT_FOUND, (notice,), (), (), (), (self.view.section,), (), Timings(),
            None, "0" * 8,
        )  # fmt: skip

    def _citation(self, n: int, sentence: int) -> Citation:
        found, section = self.view.sentences[sentence], self.view.section
        return Citation(
            n, "saltmere", self.view.document.title, "saltmere.txt", section.id, "4.2",
            section.title, "4 Saltmere > 4.2", None, found.text, found.start, found.end,
            found.kind, False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def pipeline() -> FixedAnswers:
    return FixedAnswers()


@pytest.fixture(scope="module")
def start() -> Callable[[Answering, int], Server]:
    return serve_quietly


@pytest.fixture(scope="module")
def server(pipeline: FixedAnswers) -> Iterator[Server]:
    running = serve_quietly(pipeline, free_port())
    yield running
    running.close()


def serve_quietly(pipeline: Answering, port: int) -> Server:
    """Serve from inside an event loop: outside one, Gradio opens loops that it never closes.

    The loop runs in a thread of its own, because Playwright has one in this thread already.
    """

    async def start() -> Server:
        return serve(build_app(pipeline), port=port)

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(start())).result()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium; Playwright's own would have to be downloaded."""
    for name in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"):
        if Path(name).is_file():
            return Path(name)
    pytest.skip("no Chromium in /usr/bin: apt-get install chromium")
