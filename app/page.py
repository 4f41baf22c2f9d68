"""The page: a question box, the answer under it, the sources beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr

from app.answering import Answering
from app.handlers import (
    STOPPED,
    Conversation,
    Screen,
    answer_question,
)
from ragkit.question import MAX_CHARS
from ragkit.render import documents_to_html

TITLE = "Ask the reports"
EXAMPLES = (
    "What did Evelina learn about sharing data?",
    "What does the Evelina service cost a year, and what does it save?",
    "Who chairs the Evelina partnership board?",
)

_INTRODUCTION = (
    "Every sentence of an answer is quoted from a report, or was checked against the quotation "
    "beside it. Choose a number such as [1] to read the words in their section."
)
_SKIP_LINK = '<a class="skip" href="#question">Skip to the question</a>'
_NO_SOURCES = "The sources of an answer appear here."


@dataclass(frozen=True, slots=True)
class _Parts:
    """The components that events read or change."""

    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    restart: gr.Button
    examples: tuple[gr.Button, ...]
    conversation: gr.State
    progress: gr.Markdown
    answer: gr.Markdown
    sources: gr.Markdown
    earlier: gr.Markdown

    @property
    def screen(self) -> list[gr.State | gr.Markdown]:
        """What a `Screen` fills, in the order of `_updates`."""
        return [self.progress, self.answer, self.sources, self.earlier, self.conversation]


def build_app(pipeline: Answering) -> gr.Blocks:
    """The page over a pipeline, ready to be served."""
    app = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86400))
    with app:
        parts = _lay_out(documents_to_html(pipeline.documents()))
        _connect(parts, pipeline)
        app.queue(max_size=60, api_open=False, default_concurrency_limit=1)
    return app


def _lay_out(documents_html: str) -> _Parts:
    _panel(_SKIP_LINK, elem_id="skip")
    gr.Markdown(f"# {TITLE}\n\n{_INTRODUCTION}", elem_id="introduction")
    with gr.Row(elem_id="columns"):
        with gr.Column(scale=3, min_width=280):
            question = gr.Textbox(
                label="Your question",
                elem_id="question",
                lines=1,
                max_lines=6,
                max_length=MAX_CHARS,
            )
            with gr.Row(elem_id="buttons"):
                ask = gr.Button("Ask", variant="primary", min_width=90)
                stop = gr.Button("Stop", min_width=90)
                restart = gr.Button("New conversation", min_width=90)
            with gr.Row(elem_id="examples"):
                examples = tuple(gr.Button(text, size="sm", min_width=180) for text in EXAMPLES)
            progress = _panel("", elem_id="progress")
            answer = _panel("", elem_id="answer")
            earlier = _panel("", elem_id="earlier")
        with gr.Column(scale=2, min_width=280, elem_id="sources"):
            gr.Markdown("## Sources")
            sources = _panel(_NO_SOURCES, elem_id="source-list")
    _panel(documents_html, elem_id="documents")
    conversation = gr.State(())
    return _Parts(
        question, ask, stop, restart, examples, conversation, progress, answer, sources, earlier
    )


def _panel(value: str, *, elem_id: str) -> gr.Markdown:
    """A place for HTML of ours.

    `gr.HTML` builds its content by running generated code, which the page's security policy
    forbids. Markdown passes HTML on as it is; its own sanitiser would take the names off the
    links and let remote images through, so the sanitising is done by ``ragkit.render``.
    """
    return gr.Markdown(value, elem_id=elem_id, sanitize_html=False, latex_delimiters=[])


def _connect(parts: _Parts, pipeline: Answering) -> None:
    def ask(question: str, conversation: Conversation) -> Iterator[tuple[object, ...]]:
        for screen in answer_question(pipeline, question, conversation):
            yield _updates(screen)

    # One model answers one question at a time; the others wait in the queue.
    answering = {
        "fn": ask,
        "inputs": [parts.question, parts.conversation],
        "outputs": parts.screen,
        "show_progress": "hidden",
        "concurrency_id": "model",
        "concurrency_limit": 1,
    }
    asked = [parts.ask.click, parts.question.submit]
    runs = [gr.on(asked, **answering, api_name="ask", api_visibility="undocumented")]
    for example in parts.examples:
        filled = example.click(str, example, parts.question, api_visibility="private")
        runs.append(filled.then(**answering, api_visibility="private"))
    # The word comes after the cancelling, or a screen still on its way would overwrite it.
    stopped = parts.stop.click(None, cancels=runs, show_progress="hidden", api_visibility="private")
    stopped.then(
        lambda: STOPPED, outputs=parts.progress, show_progress="hidden", api_visibility="private"
    )
    parts.restart.click(
        lambda: _updates(Screen("", "", _NO_SOURCES, "", ())),
        outputs=parts.screen,
        cancels=runs,
        show_progress="hidden",
        api_visibility="private",
    )


def _updates(screen: Screen) -> tuple[object, ...]:
    """What Gradio is told for each component of `_Parts.screen`."""
    shown = (screen.progress, screen.answer, screen.sources, screen.earlier, screen.conversation)
    return tuple(gr.skip() if value is None else value for value in shown)
