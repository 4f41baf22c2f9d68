"""Retrieval: fusion, names, comparisons."""

from hypothesis import given
from hypothesis import strategies as st

from ragkit.gazetteer import Entity, Gazetteer
from ragkit.pipeline import Pipeline
from ragkit.question import Interpreter
from ragkit.retrieve import HybridRetriever, Retrieved, fuse

_AREAS = Gazetteer(
    (
        Entity("bay", "place", "Orrin Bay", document="harbour-2021", section="3.1"),
        Entity("vale", "place", "Marsh Vale", document="harbour-2021", section="3.2"),
    )
)
_RANKINGS = st.lists(
    st.tuples(st.floats(0.1, 2), st.lists(st.sampled_from("abcdefgh"), unique=True)), max_size=5
)


@given(_RANKINGS, st.randoms())
def test_fusion_does_not_depend_on_the_order_of_rankings(
    rankings: list[tuple[float, list[str]]], random: object
) -> None:
    shuffled = list(rankings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's random.Random
    assert fuse(rankings, k=20) == fuse(shuffled, k=20)


def test_fusion_adds_reciprocal_ranks() -> None:
    scores = fuse([(1.0, ["a", "b"]), (2.0, ["b"])], k=10)
    assert scores == {"a": 1 / 11, "b": 1 / 12 + 2 / 11}


def _ask(pipeline: Pipeline, question: str) -> Retrieved:
    library = pipeline.library
    retriever = HybridRetriever(library, pipeline.retriever.embedder, _AREAS)
    reader = Interpreter(_AREAS, tuple(library.documents.values()), library.vocabulary)
    return retriever.retrieve(reader.read(question))


def test_the_passage_that_answers_comes_first(small_pipeline: Pipeline) -> None:
    best = _ask(small_pipeline, "price of the volunteer driver scheme").passages[0]
    assert "£18,500" in best.chunk.text
    assert best.rank == 1
    assert best.section.cited_number == "2.3"


def test_an_area_that_is_named_goes_before_others(small_pipeline: Pipeline) -> None:
    passages = _ask(small_pipeline, "background of the clinic in Marsh Vale").passages
    assert "3.2 Marsh Vale" in passages[0].section.path


def test_a_comparison_brings_passages_of_both_sides(small_pipeline: Pipeline) -> None:
    passages = _ask(small_pipeline, "compare Orrin Bay and Marsh Vale on clinics").passages
    labels = {label for p in passages for label in p.section.path}
    assert {"3.1 Orrin Bay", "3.2 Marsh Vale"} <= labels


def test_passages_come_best_first_and_only_once(small_pipeline: Pipeline) -> None:
    passages = _ask(small_pipeline, "clinic").passages
    assert [p.rank for p in passages] == list(range(1, len(passages) + 1))
    assert [p.score for p in passages] == sorted((p.score for p in passages), reverse=True)
    assert len({p.chunk.id for p in passages}) == len(passages)


def test_odd_questions_break_nothing(small_pipeline: Pipeline) -> None:
    for question in ("it's", 'what is "12.9%"?', "NOT -smoking (", "a AND OR NEAR(b)", "C-diff?"):
        assert _ask(small_pipeline, question).passages
