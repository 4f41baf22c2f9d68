"""Names, other words for the same thing, and abbreviations found in documents."""

from datetime import date
from pathlib import Path

import pytest

from ragkit.errors import ConfigError
from ragkit.gazetteer import Entity, Gazetteer, find_abbreviations, load_gazetteer
from ragkit.load import find_files, load, read_source
from ragkit.types import ParsedDocument

ROOT = Path(__file__).resolve().parents[1]

_BAY = Entity("bay", "place", "Orrin Bay", ("OB",), document="d", section="3.1")
_CLINIC = Entity("clinic", "programme", "Lantern Clinic", document="d", section="3.1")
_ORRIN = Entity("orrin", "place", "Orrin")
_NAMES = Gazetteer((_BAY, _CLINIC, _ORRIN), (("cash", "money", "funding"),))


def test_the_longest_name_wins_and_case_does_not_matter() -> None:
    assert [m.entity.id for m in _NAMES.find("orrin bay's clinics, and Orrin, OB")] == [
        "bay",
        "orrin",
        "bay",
    ]


def test_a_name_inside_a_word_is_no_name() -> None:
    assert _NAMES.find("Tobacco in Orrington") == ()


def test_other_words_leave_out_the_word_itself() -> None:
    assert _NAMES.equivalents("is there money") == ("cash", "funding")


def test_what_is_described_in_the_same_section_belongs_together() -> None:
    assert _NAMES.related(["clinic"]) == {"bay", "clinic"}
    assert _NAMES.related(["orrin"]) == {"orrin"}


def test_abbreviations_are_found_with_their_long_form() -> None:
    text = "The Lantern Outreach Team (LOT) and its Patient and Public Board (PPB) met (twice)."
    assert dict(find_abbreviations(text)) == {
        "LOT": "Lantern Outreach Team",
        "PPB": "Patient and Public Board",
    }


def test_the_shipped_gazetteer_gives_each_name_to_one_entity() -> None:
    shipped = load_gazetteer()
    assert [m.entity.id for m in shipped.find("CYPHP and cc4c in W Yorkshire")] == [
        "evelina",
        "cc4c",
        "west-yorkshire",
    ]


_BOARD = Entity(
    "board", "organisation", "Orrin Bay Health Board", parents=("bay",), valid_from=date(2022, 7, 1)
)
_GROUP = Entity(
    "group",
    "organisation",
    "Orrin Bay Clinical Group",
    ("OBCG",),
    parents=("bay",),
    valid_to=date(2022, 6, 30),
    successors=("board",),
)
_BODIES = Gazetteer((_BAY, _CLINIC, _BOARD, _GROUP))


def test_a_body_that_no_document_describes_stands_for_the_areas_it_serves() -> None:
    assert _BODIES.subjects_in("What did OBCG pay?") == {"bay"}
    assert _BODIES.related(_BODIES.subjects_in("OBCG")) == {"bay", "clinic"}
    assert _BODIES.described(_CLINIC) == (_CLINIC,)


def test_a_body_knows_what_took_its_place() -> None:
    assert _BODIES.successors(_GROUP) == (_BOARD,)
    assert _BODIES.successors(_BOARD) == ()


def test_bodies_of_the_shipped_gazetteer_end_before_their_successors_begin() -> None:
    shipped = load_gazetteer()
    ended = [e for e in shipped.entities if e.valid_to]
    assert len(ended) > 20
    for body in ended:
        for later in shipped.successors(body):
            assert body.valid_to and later.valid_from and body.valid_to < later.valid_from, body


def test_every_area_of_the_shipped_register_is_in_the_gazetteer() -> None:
    shipped = load_gazetteer()
    documents = [load(read_source(f)) for f in find_files([ROOT / "corpus"])]
    areas = {a for d in documents for a in d.areas}
    assert areas
    assert all(a in shipped for a in areas)


def test_every_section_the_gazetteer_names_exists(
    parsed_reports: dict[str, ParsedDocument],
) -> None:
    for entity in load_gazetteer().entities:
        if entity.document and entity.section:
            sections = parsed_reports[entity.document].sections
            assert any(s.number == entity.section for s in sections), entity


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[place]]\nid = 'a'\n", "name"),
        ("[[place]]\nid='a'\nname='X'\n[[place]]\nid='b'\nname='x'\n", "names both"),
        ("[[place]]\nid='a'\nname='X'\nparents=['b']\n", "'b', which is not there"),
        ("[[place]]\nid='a'\nname='X'\nvalid_to='soon'\n", "valid_to"),
        ("[place\n", "cannot read"),
    ],
)
def test_a_faulty_gazetteer_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "g.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_gazetteer(path)
    assert "\n" not in str(caught.value)
