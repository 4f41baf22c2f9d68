"""Chunks: whole sentences of one section, found again in the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkit.chunk import ChunkConfig, chunk, introductions
from ragkit.load import find_files, load, read_source
from ragkit.parse import parse
from ragkit.types import ParsedDocument, SentenceKind
from tests.conftest import SMALL_CORPUS

_PARSED = [parse(load(read_source(f))) for f in find_files([SMALL_CORPUS])]


@pytest.fixture(params=_PARSED, ids=lambda p: p.document.id)
def parsed(request: pytest.FixtureRequest) -> ParsedDocument:
    value: ParsedDocument = request.param
    return value


@given(st.integers(40, 900), st.integers(0, 39), st.sampled_from(_PARSED))
@settings(max_examples=60)
def test_chunks_are_spans_of_one_section_and_hold_every_sentence(
    most: int, overlap: int, parsed: ParsedDocument
) -> None:
    chunks = chunk(parsed, ChunkConfig(max_chars=most, overlap_chars=overlap))
    sections = {s.id: s for s in parsed.sections}
    for one in chunks:
        section = sections[one.section_id]
        assert parsed.document.text[one.start : one.end] == one.text
        assert section.start <= one.start < one.end <= section.end
    held = {i for c in chunks for i in c.sentence_ids}
    wanted = {s.id for s in parsed.sentences if s.kind is not SentenceKind.HEADING}
    assert held == wanted


def test_a_chunk_is_not_longer_than_allowed_unless_one_item_is(parsed: ParsedDocument) -> None:
    for one in chunk(parsed, ChunkConfig(max_chars=120)):
        assert len(one.text) <= 200 or len(one.sentence_ids) <= 2


def test_the_context_names_document_and_path(parsed: ParsedDocument) -> None:
    sections = {s.id: s for s in parsed.sections}
    for one in chunk(parsed, ChunkConfig()):
        assert one.context.startswith(parsed.document.title)
        assert all(label in one.context for label in sections[one.section_id].path)


def test_a_chunk_that_begins_inside_a_list_names_the_lead_in() -> None:
    harbour = next(p for p in _PARSED if p.document.id == "harbour-2021")
    small = chunk(harbour, ChunkConfig(max_chars=40))
    last = next(c for c in small if c.text.endswith("The Lantern Charity."))
    assert last.context.endswith("The partners are:")


def test_introductions_go_from_caption_to_header() -> None:
    harbour = next(p for p in _PARSED if p.document.id == "harbour-2021")
    by_id = {s.id: s for s in harbour.sentences}
    row = next(s for s in harbour.sentences if s.text.startswith("Tarn Cross\t"))
    caption, header = introductions(row, by_id)
    assert caption.kind is SentenceKind.CAPTION
    assert header.kind is SentenceKind.TABLE_HEADER


def test_an_overlap_as_long_as_the_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        ChunkConfig(max_chars=100, overlap_chars=100)
