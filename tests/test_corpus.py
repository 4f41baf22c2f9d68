"""The shipped evidence notes: whole, in the reports' own structure, and in agreement."""

import tomllib
from itertools import groupby

import pytest

from ragkit.load import SourceFile, find_files, load, read_source
from ragkit.parse import parse
from ragkit.pipeline import Pipeline
from ragkit.types import ParsedDocument, SectionKind
from tests.conftest import ROOT

CORPUS = ROOT / "corpus"


@pytest.fixture(scope="module")
def files() -> list[SourceFile]:
    found = [read_source(path) for path in find_files([CORPUS])]
    return sorted((f for f in found if f.is_note), key=lambda f: f.id)


@pytest.fixture(scope="module")
def notes(files: list[SourceFile]) -> dict[str, ParsedDocument]:
    groups = groupby(files, key=lambda f: f.id)
    return {identity: parse(load(*group)) for identity, group in groups}


def _headings(parsed: ParsedDocument, *kinds: SectionKind) -> list[tuple[str, str]]:
    return [(s.number, s.title) for s in parsed.sections if s.kind in kinds]


def test_notes_have_the_numbered_sections_of_their_reports_in_order(
    notes: dict[str, ParsedDocument], parsed_reports: dict[str, ParsedDocument]
) -> None:
    assert notes.keys() == parsed_reports.keys()
    kinds = (SectionKind.NUMBERED, SectionKind.CLAUSE)
    for identity, report in parsed_reports.items():
        assert _headings(notes[identity], *kinds) == _headings(report, *kinds), identity


def test_notes_have_the_unnumbered_blocks_of_their_reports_where_they_belong(
    notes: dict[str, ParsedDocument], parsed_reports: dict[str, ParsedDocument]
) -> None:
    def blocks(parsed: ParsedDocument) -> list[tuple[str, str]]:
        kinds = (SectionKind.UNNUMBERED, SectionKind.CONTINUATION)
        return [(s.cited_number, s.title) for s in parsed.sections if s.kind in kinds]

    for identity, report in parsed_reports.items():
        assert blocks(notes[identity]) == blocks(report), identity


def test_every_section_without_parts_says_something(notes: dict[str, ParsedDocument]) -> None:
    for parsed in notes.values():
        parents = {s.parent_id for s in parsed.sections}
        said = {s.section_id for s in parsed.sentences if len(s.text.split()) >= 3}
        silent = [s.path for s in parsed.sections if s.id not in parents and s.id not in said]
        assert not silent


def test_a_list_item_has_its_lead_in(notes: dict[str, ParsedDocument]) -> None:
    for parsed in notes.values():
        items = [s for s in parsed.sentences if s.group and s.kind == "bullet"]
        alone = [s.text for s in items if not s.introduced_by]
        assert len(alone) <= len(items) / 50, alone[:5]


def test_notes_and_register_say_the_same_of_a_report(files: list[SourceFile]) -> None:
    originals = _register()
    for file in files:
        assert file.entry
        registered = originals[file.id]
        for key in ("title", "publisher", "date", "file"):
            assert getattr(file.entry, key) == registered[key], (file.path.name, key)


def _register() -> dict[str, dict[str, str]]:
    with (CORPUS / "sources.toml").open("rb") as file:
        return {entry["id"]: entry for entry in tomllib.load(file)["source"]}


def test_every_part_names_the_sections_that_it_holds(files: list[SourceFile]) -> None:
    for file in files:
        if not file.part:
            continue
        first, _, last = file.part.partition("-")
        numbers = [s.number for s in parse(load(file)).sections if s.number]
        chapters = {n.split(".")[0] for n in numbers}
        if last:
            assert chapters == {str(n) for n in range(int(first), int(last) + 1)}, file.path.name
        else:
            inside = {n for n in numbers if n == first or n.startswith(f"{first}.")}
            assert set(numbers) - inside <= {first.split(".")[0]}, file.path.name


def test_an_answer_from_the_notes_alone_cites_report_and_section(note_pipeline: Pipeline) -> None:
    for question, said, number in (
        ("how many children aged 0-18 live in Mid and South Essex", "274,293", "4"),
        ("who chairs the Evelina partnership board", "parent", "5.3.6"),
    ):
        answer = note_pipeline.ask(question)
        assert said in answer.text
        assert number in [c.section_number for c in answer.citations]
        assert all(c.is_note for c in answer.citations)
