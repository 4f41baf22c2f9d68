"""The product answers the dev set no worse than its committed floor: eval/floor.toml."""

import tomllib

import pytest

from eval.questions import SETS, read_set
from eval.scoring import MEASURES, score, table
from eval.systems import RagkitSystem
from ragkit.pipeline import Pipeline
from tests.conftest import ROOT

with (ROOT / "eval" / "floor.toml").open("rb") as file:
    FLOORS: dict[str, dict[str, float]] = tomllib.load(file)


@pytest.mark.parametrize("corpus", ["notes", "reports"])
def test_the_dev_set_is_answered_no_worse_than_the_floor(
    corpus: str, request: pytest.FixtureRequest
) -> None:
    name = "note_pipeline" if corpus == "notes" else "report_pipeline"
    pipeline: Pipeline = request.getfixturevalue(name)
    system = RagkitSystem(corpus, pipeline)
    texts = {d.id: d.text for d in pipeline.documents()}
    found = table([score(q, system.answer(q), texts) for q in read_set(SETS / "dev.jsonl")])
    for measure, bound in FLOORS[corpus].items():
        mean = found[measure].mean
        _, more_is_better = MEASURES[measure]
        assert mean >= bound if more_is_better else mean <= bound, f"{measure} {mean:.3f}"
