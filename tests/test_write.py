import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import ConfigError
from ragkit.prompts import load_prompt, prompts_dir
from ragkit.types import Claim, Evidence, Origin, SentenceKind
from ragkit.write import REWORD_VARIABLES, WriteConfig, quote, reword
from tests.evidence import a_sentence, evidence_of, selected
from tests.scripted import ScriptedGenerator

TEMPLATE = load_prompt(prompts_dir() / "reword.md", variables=REWORD_VARIABLES)
SOURCE = "However, the 14 teams in Dunmere were not given sufficient time."


def freely(
    evidence: Evidence, *texts: str, config: WriteConfig | None = None
) -> tuple[list[Claim], ScriptedGenerator]:
    generator = ScriptedGenerator(texts)
    claims = reword(
        evidence,
        generator=generator,
        template=TEMPLATE,
        config=config or WriteConfig(),
    )
    return list(claims), generator


def test_quote_gives_the_reading_form_of_each_sentence_in_order() -> None:
    claims = quote(
        evidence_of(
            selected("It is best to **go\n\nslowly**."),
            selected("two nurses;", SentenceKind.BULLET),
            selected('"We had no say."', SentenceKind.QUOTATION),
        )
    )
    assert [c.text for c in claims] == [
        "It is best to go slowly.",
        "two nurses;",
        '"We had no say."',
    ]
    assert [c.evidence for c in claims] == [(0,), (1,), (2,)]
    assert {c.origin for c in claims} == {Origin.QUOTE}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Ward\t2019\t2020", "Eastmoor\t46\t52"),
        ("| Ward | 2019 | 2020 |", "| Eastmoor | 46 | 52 |"),
    ],
)
def test_table_row_reads_alone(header: str, row: str) -> None:
    introduction = (
        a_sentence("Table 2: Visits by ward", SentenceKind.CAPTION),
        a_sentence(header, SentenceKind.TABLE_HEADER),
    )
    (claim,) = quote(evidence_of(selected(row, SentenceKind.TABLE_ROW, introduction)))
    assert claim == Claim(
        "Table 2: Visits by ward. Eastmoor: 2019: 46; 2020: 52.", Origin.TABLE, (0,)
    )


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("Eastmoor\t46\t52", "Eastmoor: 46; 52."),
        ("Eastmoor\t\t52", "Eastmoor: 52."),
        ("| a \\| b | <br>7 |", "a | b: 7."),
        ("Ward: Eastmoor; 2019: 46", "Ward: Eastmoor; 2019: 46."),
    ],
)
def test_table_row_without_header_gives_its_values(row: str, line: str) -> None:
    (claim,) = quote(evidence_of(selected(row, SentenceKind.TABLE_ROW)))
    assert claim.text == line


def test_free_rewording_is_marked_as_reworded() -> None:
    text = "The 14 teams in Dunmere were not given sufficient time."
    claims, _ = freely(evidence_of(selected(SOURCE)), text)
    assert claims == [Claim(text, Origin.REWORDED, (0,))]


def test_copy_counts_as_a_quotation() -> None:
    claims, _ = freely(evidence_of(selected(SOURCE)), SOURCE.replace(",", "").upper() + ".")
    assert claims == [Claim(SOURCE, Origin.QUOTE, (0,))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The 14 teams in Dunmere were not given suff",
        "The teams were not given time.",
        "The 14 teams in Dunmere were not given sufficient time. [9]",
        "<b>The 14 teams in Dunmere were not given sufficient time.</b>\n[x](http://x)",
        "the the the " * 400,
    ],
    ids=["nothing", "unfinished", "words left out", "marker", "mark-up", "endless"],
)
def test_unusable_output_leaves_the_quotation(text: str) -> None:
    claims, generator = freely(evidence_of(selected(SOURCE)), text)
    assert claims == [Claim(SOURCE, Origin.QUOTE, (0,))]
    assert generator.open_streams == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SOURCE, SentenceKind.QUOTATION),
        (SOURCE, SentenceKind.CAPTION),
        (SOURCE, SentenceKind.TABLE_ROW),
        ("Dunmere has wards.", SentenceKind.PROSE),
        ("very " * 80 + "long.", SentenceKind.PROSE),
    ],
)
def test_model_is_not_asked_about_other_sentences(text: str, kind: SentenceKind) -> None:
    evidence = evidence_of(selected(text, kind))
    claims, generator = freely(evidence, "Anything.")
    assert tuple(claims) == quote(evidence)
    assert generator.prompts == []


@pytest.mark.parametrize(
    "text",
    ["Sufficient time in Dunmere was not given the 14 teams.", "The 14 teams in Dunmere were not."],
    ids=["roles swapped", "condition left out"],
)
def test_words_that_change_places_or_go_leave_the_quotation(text: str) -> None:
    claims, _ = freely(evidence_of(selected(SOURCE)), text)
    assert claims == [Claim(SOURCE, Origin.QUOTE, (0,))]


def test_once_the_budget_is_spent_the_rest_is_quoted() -> None:
    evidence = evidence_of(*[selected(SOURCE)] * 3)
    claims, generator = freely(evidence, "Anything.", config=WriteConfig(budget_s=0.0))
    assert tuple(claims) == quote(evidence)
    assert generator.prompts == []


def test_claims_come_as_they_are_finished() -> None:
    generator = ScriptedGenerator(["No."])
    claims = reword(
        evidence_of(*[selected(SOURCE)] * 3),
        generator=generator,
        template=TEMPLATE,
        config=WriteConfig(),
    )
    next(claims)
    assert len(generator.prompts) == 1


def test_the_question_never_reaches_the_model() -> None:
    _, generator = freely(evidence_of(selected(SOURCE)), "No.")
    assert SOURCE in generator.prompts[0].user
    assert TEMPLATE.variables == {"sentence"}


@given(st.text())
def test_any_model_output_gives_one_claim_for_each_sentence(text: str) -> None:
    evidence = evidence_of(selected(SOURCE), selected("two nurses;", SentenceKind.BULLET))
    claims = list(
        reword(
            evidence,
            generator=ScriptedGenerator([text]),
            template=TEMPLATE,
            config=WriteConfig(),
        )
    )
    assert [c.evidence for c in claims] == [(0,), (1,)]
    assert all(c.text for c in claims)


@pytest.mark.parametrize(
    "values", [{"writer": "poet"}, {"budget_s": -1.0}, {"min_words": 9, "max_words": 3}]
)
def test_config_is_checked(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        WriteConfig(**values)  # type: ignore[arg-type]  # wrong on purpose
