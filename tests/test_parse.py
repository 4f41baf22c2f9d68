"""The parser: sections tile the text, sentences keep theirs, traps are told from headings."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkit.load import load, read_source
from ragkit.parse import parse
from ragkit.parse.sentences import split_cells
from ragkit.parse.tree import covers
from ragkit.types import (
    Document,
    ParsedDocument,
    Section,
    SectionKind,
    Sentence,
    SentenceKind,
)
from ragkit.words import reading_form

_LINES = st.sampled_from(
    [
        "",
        "1. Background",
        "1.1 Aims",
        "2. Findings",
        "- a bullet",
        " - a. nested",
        "-",
        "Orrin Bay",
        "It was said that:",
        "“We tried it twice.",
        "and it worked.”",
        "A town\t12,480",
        "\tResidents",
        "¹ A note.",
        "2. Findings\t7",
        "The clinic cost £4.5m. It closed (Orrin Bay) in 2019.",
        "cut in the middle of",
        "# 3 Heading",
        "| a | b |",
        "|---|---|",
        "**Bold**: text",
        "- 4.5% of it",
    ]
)


def _document(text: str) -> Document:
    return Document(id="d", title="T", source_file="d.txt", content_hash="0" * 64, text=text)


def _parse_file(path: Path) -> ParsedDocument:
    return parse(load(read_source(path)))


@pytest.fixture(scope="module")
def harbour(small_corpus: Path) -> ParsedDocument:
    return _parse_file(small_corpus / "harbour-review.txt")


def _section(parsed: ParsedDocument, label: str) -> Section:
    return next(s for s in parsed.sections if " > ".join(s.path).endswith(label))


def _under(parsed: ParsedDocument, section: Section) -> list[Sentence]:
    return [s for s in parsed.sentences if s.section_id == section.id]


@given(st.one_of(st.text(), st.lists(_LINES).map("\n".join)))
@settings(max_examples=300)
def test_sections_tile_any_text_and_every_span_gives_its_text(text: str) -> None:
    parsed = parse(_document(text))
    assert covers(parsed.sections, len(text))
    for sentence in parsed.sentences:
        section = parsed.section_of(sentence)
        assert text[sentence.start : sentence.end] == sentence.text
        assert section.start <= sentence.start <= sentence.end <= section.end


@given(st.lists(_LINES).map("\n".join))
@settings(max_examples=300)
def test_no_letter_is_lost(text: str) -> None:
    parsed = parse(_document(text))
    covered: set[int] = set()
    for sentence in parsed.sentences:
        covered.update(range(sentence.start, sentence.end))
    for section in parsed.sections:
        covered.update(range(section.start, section.body_start))
        if section.kind is SectionKind.CONTENTS:
            covered.update(range(section.start, section.end))
    lost = [c for i, c in enumerate(text) if i not in covered and c.isalpha()]
    assert set(lost) <= {"a"}  # the letter of the list marker "a."


def test_a_number_used_twice_gives_two_sections(harbour: ParsedDocument) -> None:
    twice = [s for s in harbour.sections if s.number == "3.1.2"]
    assert [s.title for s in twice] == ["Lessons learned", "Funding"]
    assert len({s.id for s in twice}) == 2


def test_numbered_lists_are_no_sections(harbour: ParsedDocument) -> None:
    assert [s.number for s in harbour.sections if s.level == 1] == ["1", "2", "3", "4"]


def test_a_chapter_goes_on_after_its_last_block(harbour: ParsedDocument) -> None:
    general = next(s for s in harbour.sentences if s.text.startswith("All the towns"))
    section = harbour.section_of(general)
    assert section.kind is SectionKind.CONTINUATION
    assert (section.cited_number, section.title) == ("2", "What was found")


def test_a_sentence_cut_by_a_page_break_is_one_sentence(harbour: ParsedDocument) -> None:
    cut = next(s for s in harbour.sentences if "start-up grant" in s.text)
    assert reading_form(cut.text).endswith("spent on equipment rather than on staff.")


def test_a_list_goes_on_after_an_orphan_marker(harbour: ParsedDocument) -> None:
    section = _section(harbour, "3.1.1 Background")
    bullets = [s for s in _under(harbour, section) if s.kind is SentenceKind.BULLET]
    assert [b.text for b in bullets] == [
        "Harbour Trust.",
        "Orrin Bay Council.",
        "The Lantern Charity.",
    ]
    assert len({b.group for b in bullets}) == 1
    lead = next(s for s in harbour.sentences if s.id == bullets[0].introduced_by)
    assert lead.text == "The partners are:"


def test_a_table_cut_by_a_footnote_keeps_its_header(harbour: ParsedDocument) -> None:
    by_id = {s.id: s for s in harbour.sentences}
    row = next(s for s in harbour.sentences if s.text.startswith("Tarn Cross\t"))
    header = by_id[row.introduced_by]
    assert header.kind is SentenceKind.TABLE_HEADER
    assert by_id[header.introduced_by].text.startswith("Table 1:")
    assert row.group == header.group


def test_a_bullet_that_begins_with_a_decimal_is_a_bullet(harbour: ParsedDocument) -> None:
    bullet = next(s for s in harbour.sentences if s.text.startswith("4.5%"))
    assert bullet.kind is SentenceKind.BULLET


def test_spoken_words_are_marked_and_keep_their_lead_in(harbour: ParsedDocument) -> None:
    spoken = [s for s in harbour.sentences if s.kind is SentenceKind.QUOTATION]
    assert [s.text for s in spoken] == [
        "“We spent nothing on posters.",
        "People came because the bus driver told them.”",
        "“Start small, and do not promise a date.”",
    ]
    by_id = {s.id: s for s in harbour.sentences}
    assert by_id[spoken[2].introduced_by].text == "One interviewee advised:"


def test_an_attribution_stays_with_its_sentence(harbour: ParsedDocument) -> None:
    texts = [s.text for s in harbour.sentences]
    assert "Several interviewees asked for an earlier start. (Orrin Bay)" in texts


def test_numbered_paragraphs_of_a_committee_report_are_clauses(small_corpus: Path) -> None:
    parsed = _parse_file(small_corpus / "fenwick-committee.txt")
    clauses = [s.number for s in parsed.sections if s.kind is SectionKind.CLAUSE]
    assert clauses == ["1.1", "2.1", "2.2", "2.3", "3.1"]
    assert _section(parsed, "2.3").title == "KEY POINTS"


def test_headings_of_markdown_are_taken_as_they_are(small_corpus: Path) -> None:
    parsed = _parse_file(small_corpus / "garden-note.md")
    assert [(s.number, s.title) for s in parsed.sections if s.level] == [
        ("1", "Summary"),
        ("1.1", "Who uses them"),
        ("2", "What did not work"),
    ]
    rows = [s for s in parsed.sentences if s.kind is SentenceKind.TABLE_ROW]
    assert [r.text for r in rows] == ["| Quarry Lane | 95 |", "| Mill Court | 41 |"]


def test_a_heading_that_is_only_a_number_opens_a_numbered_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("# 5 KEY ISSUES\n\n## 5.9\n\nBuses cost £9.\n\n### 5.9.1\n\nTrains are free.\n")
    parsed = _parse_file(path)
    assert [(s.kind, s.number, s.title) for s in parsed.sections] == [
        (SectionKind.NUMBERED, "5", "KEY ISSUES"),
        (SectionKind.CLAUSE, "5.9", "KEY ISSUES"),
        (SectionKind.CLAUSE, "5.9.1", "KEY ISSUES"),
    ]
    assert [s.text for s in parsed.sentences[1:]] == ["Buses cost £9.", "Trains are free."]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("Hulme\t12\t", ("Hulme", "12", "")),
        ("| Hulme | 12 |", ("Hulme", "12")),
        ("| Hulme | | 12", ("Hulme", "", "12")),
        ("|", ("",)),
        (r"| a \| b | c |", ("a | b", "c")),
        ("no cells", ("no cells",)),
    ],
)
def test_cells_are_parted_by_tabs_or_bars(row: str, cells: tuple[str, ...]) -> None:
    assert split_cells(row) == cells


def test_wrapped_lines_of_a_paragraph_are_joined() -> None:
    line = "The trust opened a clinic in each of its towns and then found that"
    text = "\n".join([line, "Nobody could reach them by bus, so the clinics were moved again."] * 8)
    sentences = parse(_document(text)).sentences
    assert reading_form(sentences[0].text).startswith(f"{line} Nobody could reach them")


def test_the_essex_review_has_116_numbered_sections(
    parsed_reports: dict[str, ParsedDocument],
) -> None:
    parsed = parsed_reports["essex-2022"]
    numbered = [s for s in parsed.sections if s.number]
    assert Counter(s.level for s in numbered) == {1: 6, 2: 12, 3: 98}
    assert [s.title for s in numbered if s.number == "5.8.7"] == [
        "Commissioning and funding arrangements",
        "Building the partnership",
    ]


def test_area_blocks_of_the_essex_review_are_sub_sections(
    parsed_reports: dict[str, ParsedDocument],
) -> None:
    parsed = parsed_reports["essex-2022"]
    blocks = Counter(s.cited_number for s in parsed.sections if s.kind is SectionKind.UNNUMBERED)
    assert blocks == {"2": 8, "3": 7, "4": 1, "5.5": 4}
    general = next(s for s in parsed.sections if s.kind is SectionKind.CONTINUATION)
    assert (general.cited_number, general.path) == ("2", ("2 Executive Summary",))
    text = parsed.document.text[general.start : general.end]
    assert text.startswith("The models and programmes")
    assert text.rstrip().endswith("(W Yorkshire).")


def test_the_population_table_is_whole(parsed_reports: dict[str, ParsedDocument]) -> None:
    parsed = parsed_reports["essex-2022"]
    row = next(s for s in parsed.sentences if s.text.startswith("Mid and South Essex\t"))
    group = [s for s in parsed.sentences if s.group == row.group]
    assert len(group) == 14
    assert row.text.endswith("274,293")


def test_lists_cut_by_page_breaks_are_whole(parsed_reports: dict[str, ParsedDocument]) -> None:
    sentences = parsed_reports["essex-2022"].sentences
    principles = next(s for s in sentences if s.text == "Learning culture and innovation.")
    last = next(s for s in sentences if s.text == "Relationship-based approach.")
    assert principles.group == last.group


def test_no_sentence_of_the_reports_begins_in_the_middle(
    parsed_reports: dict[str, ParsedDocument],
) -> None:
    prose = [
        s
        for s in parsed_reports["essex-2022"].sentences
        if s.kind is SentenceKind.PROSE and s.text[:1].islower()
    ]
    assert len(prose) <= 3  # fragments of a text box that the converter mixed into a paragraph


@pytest.mark.parametrize(
    "document_id",
    [
        "essex-2022",
        "peterborough-2016",
        "rcpch-2019-plans",
        "rcpch-2023-hewitt",
        "rcpch-integrated-care",
    ],
)
def test_the_structure_of_each_report_is_as_read_by_people(
    parsed_reports: dict[str, ParsedDocument],
    document_id: str,
    check_golden: Callable[[str, str], None],
) -> None:
    parsed = parsed_reports[document_id]
    check_golden(f"structure/{document_id}.txt", _structure(parsed))


def _structure(parsed: ParsedDocument) -> str:
    """A line a section: kind, number, title (its first words), what lies in it. No sentences."""
    lines = []
    for section in parsed.sections:
        kinds = Counter(s.kind.value for s in _under(parsed, section))
        words = section.title.split()
        title = " ".join(words[:5]) + (" ..." if len(words) > 5 else "")
        line = parsed.document.text.count("\n", 0, section.start) + 1
        lines.append(
            f"{line:5} {section.kind.value:12} {section.cited_number or '-':7} "
            f"{'  ' * section.level}{title} {json.dumps(dict(sorted(kinds.items())))}"
        )
    return "\n".join(lines) + "\n"
