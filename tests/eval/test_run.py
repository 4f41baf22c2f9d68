"""A whole run on three short documents: report, page and comparison."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.compare import compare
from eval.report import Report, read_report
from eval.run import RunPlan, run
from eval.table import table_lines
from ragkit.errors import CorpusError, RagkitError

_PLACE = {"document_id": "harbour-2021", "section_number": "3.1.2"}
_QUESTIONS = (
    {
        "id": "bay-1",
        "topic": "bay",
        "type": "fact",
        "question": "how long did sharing records take in the Orrin Bay clinic",
        "status": "answered",
        "gold": [{**_PLACE, "section_title": "Lessons learned"}],
        "nuggets": [{"text": "nine <b>months</b>", "patterns": ["(nine|9) months"]}],
        "hard": "it is <not>",
    },
    {
        "id": "bay-2",
        "topic": "bay",
        "type": "unanswerable",
        "question": "what dose of ibuprofen should I give my son",
        "status": "out_of_scope",
        "hard": "the care of a patient is not for this tool",
    },
)


class _Elements(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def set_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "bay.jsonl"
    path.write_text("".join(json.dumps(q) + "\n" for q in _QUESTIONS))
    return path


@pytest.fixture(scope="module")
def finished(
    set_file: Path, small_corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, Path]:
    out = tmp_path_factory.mktemp("run")
    plan = RunPlan(
        out=out, sets=(str(set_file),), systems=("quote", "dense", "bm25"), reports=small_corpus
    )
    return run(plan, lambda *_: None), out


def test_a_run_scores_every_system_on_every_question(finished: tuple[Report, Path]) -> None:
    report, _ = finished
    assert [s.name for s in report.systems] == [
        "ragkit, quotations",
        "dense, five passages",
        "BM25, five passages",
    ]
    own = report.systems[0].splits["bay"]
    assert own.measures["exactly_right"].mean == 1
    assert own.measures["verbatim_rate"].mean == 1
    assert own.measures["abstention_recall"].n == 1
    assert report.systems[1].splits["bay"].measures["abstention_recall"].mean == 0


def test_a_report_is_read_as_it_was_written(finished: tuple[Report, Path]) -> None:
    report, out = finished
    assert read_report(out) == report
    assert len((out / "answers" / "ragkit-quotations.jsonl").read_text().splitlines()) == 2
    with pytest.raises(CorpusError, match="no report"):
        read_report(next((out / "answers").iterdir()))


def test_the_page_is_escaped_fetches_nothing_and_names_everything(
    finished: tuple[Report, Path],
) -> None:
    markup = (finished[1] / "report.html").read_text(encoding="utf-8")
    elements = _Elements(markup).found
    assert {"script", "img", "link", "iframe", "b"}.isdisjoint(tag for tag, _ in elements)
    assert all(str(a.get("href", "#")).startswith("#") for _, a in elements)
    assert ("html", {"lang": "en-GB"}) in elements
    assert "it is &lt;not&gt;" in markup
    assert "nine &lt;b&gt;months&lt;/b&gt;" in markup
    assert sum(tag == "details" for tag, _ in elements) == 2
    assert all("scope" in a for tag, a in elements if tag == "th")


def test_the_table_has_a_line_for_every_measure(finished: tuple[Report, Path]) -> None:
    lines = list(table_lines(finished[0]))
    assert any(line.startswith("exactly_right") and "1.000" in line for line in lines)
    assert len({len(line) for line in lines[1:]}) == 1


def test_a_comparison_shows_what_changed_with_both_answers(
    finished: tuple[Report, Path],
) -> None:
    report, _ = finished
    worse = report.model_dump(mode="json")
    for question in worse["questions"]:
        question["scores"]["ragkit, quotations"]["exactly_right"] = 0.0
    lines = list(compare(report, Report.model_validate(worse)))
    assert any("exactly_right" in x and "-1.000" in x and x.endswith("*") for x in lines)
    assert sum(line.startswith("became wrong: bay-") for line in lines) == 2
    assert not any("became" in line for line in compare(report, report))


def test_an_unknown_system_or_set_is_named(tmp_path: Path, small_corpus: Path) -> None:
    for plan, says in (
        (RunPlan(out=tmp_path, systems=("oracle",)), "oracle"),
        (RunPlan(out=tmp_path, sets=("nowhere.jsonl",)), "nowhere"),
    ):
        with pytest.raises(RagkitError, match=says):
            run(plan, lambda *_: None)


def test_the_command_checks_a_set(
    set_file: Path, small_corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(set_file), "--reports", str(small_corpus)]) == 0
    assert "2 questions, 0 faults" in capsys.readouterr().out


def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
