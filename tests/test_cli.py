"""The command as a user runs it: output, exit status, one plain line for what goes wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import ragkit

SCHEMA = json.loads((Path(ragkit.__file__).parent / "answer.schema.json").read_text())


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ragkit.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
        timeout=120,
    )


def _one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1, result.stderr
    lines = result.stderr.strip().splitlines()
    assert "Traceback" not in result.stderr
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0]


def test_ask_prints_the_answer_and_its_sources(small_index: Path, tmp_path: Path) -> None:
    result = _run(
        *("ask", "who are the partners of the Orrin Bay clinic", "--no-llm"),
        *("--index", str(small_index)),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert "The Lantern Charity. [4]" in result.stdout
    assert "section 3.1.1, Background" in result.stdout


def test_ask_json_follows_its_schema(small_index: Path, tmp_path: Path) -> None:
    result = _run(
        *("ask", "residents over 65 in Marsh Vale", "--json", "--no-llm"),
        *("--index", str(small_index)),
        cwd=tmp_path,
    )
    record = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(record)
    assert "8,115" in record["answer"]


def test_a_batch_answers_every_line(small_index: Path, tmp_path: Path) -> None:
    questions = [
        {"id": "a", "question": "start-up grant of the Orrin Bay clinic", "history": []},
        {"id": "b", "question": "", "expected": "kept by the evaluator"},
        {"id": "c", "question": "x" * 100_000},
        {
            "id": "d",
            "question": "and how is it paid for?",
            "history": [{"role": "user", "content": "who leads the clinic in Orrin Bay"}],
        },
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(q) for q in questions) + "\n")
    result = _run(
        *("ask", "--batch", "in.jsonl", "--out", "out.jsonl", "--no-llm"),
        *("--index", str(small_index)),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    records = [json.loads(x) for x in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [r["id"] for r in records] == ["a", "b", "c", "d"]
    for record in records:
        Draft202012Validator(SCHEMA).validate(record)
    assert "£60,000" in records[0]["answer"]
    assert records[1]["status"] == "not_found"


def test_a_faulty_batch_names_its_line(small_index: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": "a", "question": "x"}\n{"id": 3}\n')
    result = _run(
        *("ask", "--batch", "in.jsonl", "--out", "o.jsonl", "--index", str(small_index)),
        cwd=tmp_path,
    )
    assert "line 2" in _one_line(result)
    assert not (tmp_path / "o.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", "anything", "--no-llm"), "run 'ragkit ingest' first"),
        (("ask", "  "), "the question is empty"),
        (("ask", "x" * 100_000), "the limit is"),
        (("ask", "anything", "--config", "none.toml"), "none.toml"),
        (("ingest", "nowhere"), "does not exist"),
        (("ingest",), "no folder 'corpus' here"),
        (("sources",), "run 'ragkit ingest' first"),
    ],
)
def test_what_a_user_can_mend_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    assert says in _one_line(_run(*arguments, cwd=tmp_path))


def test_a_missing_model_says_what_to_do(small_index: Path, tmp_path: Path) -> None:
    (tmp_path / "ragkit.toml").write_text('[model]\npath = "gone.gguf"\n')
    result = _run("ask", "anything", "--index", str(small_index), cwd=tmp_path)
    assert "gone.gguf" in _one_line(result)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[chunk\n", "no TOML"),
        ("colour = 'red'\n", "unknown setting 'colour'"),
        ("[chunk]\nsize = 3\n", "unknown setting 'chunk.size'"),
        ("[chunk]\nmax_chars = 'many'\n", "chunk.max_chars"),
        ("[chunk]\nmax_chars = 5\noverlap_chars = 9\n", "overlap"),
    ],
)
def test_a_faulty_settings_file_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "ragkit.toml").write_text(text)
    assert says in _one_line(_run("sources", cwd=tmp_path))


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    assert _run("ask", cwd=tmp_path).returncode == 2
    assert _run("ask", "a", "--batch", "b.jsonl", cwd=tmp_path).returncode == 2
    assert _run("shout", cwd=tmp_path).returncode == 2


def test_sources_lists_documents_and_sections(small_index: Path, tmp_path: Path) -> None:
    result = _run("sources", "--json", "--index", str(small_index), cwd=tmp_path)
    documents = {d["id"]: d for d in json.loads(result.stdout)["documents"]}
    assert set(documents) == {"harbour-2021", "fenwick-2019", "garden-2020"}
    numbers = [s["number"] for s in documents["harbour-2021"]["sections"]]
    assert numbers.count("3.1.2") == 2
    table = _run("sources", "--index", str(small_index), cwd=tmp_path)
    assert "garden-note.md" in table.stdout


def test_show_prints_both_sections_of_a_number_used_twice(
    small_index: Path, tmp_path: Path
) -> None:
    result = _run("show", "harbour-2021", "3.1.2", "--index", str(small_index), cwd=tmp_path)
    assert "Lessons learned" in result.stdout
    assert "4.5% of the budget" in result.stdout


def test_show_of_an_unknown_place_names_what_there_is(small_index: Path, tmp_path: Path) -> None:
    index = ("--index", str(small_index))
    assert "harbour-2021" in _one_line(_run("show", "nothing", "1", *index, cwd=tmp_path))
    assert "no section '9.9'" in _one_line(
        _run("show", "harbour-2021", "9.9", *index, cwd=tmp_path)
    )


def test_ingest_prints_a_table_and_the_digest(small_corpus: Path, tmp_path: Path) -> None:
    first = _run("ingest", str(small_corpus), "--index", "i", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "harbour-review.txt" in first.stdout
    assert "chunks embedded" in first.stderr
    second = _run("ingest", str(small_corpus), "--index", "i", cwd=tmp_path)
    assert "unchanged" in second.stdout
    assert "0 chunks embedded" in second.stderr


def test_models_list_and_doctor_say_what_is_there(small_index: Path, tmp_path: Path) -> None:
    listed = _run("models", "list", cwd=tmp_path)
    assert listed.returncode == 0
    sound = _run("doctor", "--index", str(small_index), cwd=tmp_path)
    assert "ok    index" in sound.stdout
    assert "3 documents" in sound.stdout
    lacking = _run("doctor", "--index", "nowhere", cwd=tmp_path)
    assert lacking.returncode == 1
    assert "FAIL  index" in lacking.stdout
    assert "run 'ragkit ingest' first" in lacking.stdout


@pytest.mark.parametrize(
    "command",
    [(), ("ingest",), ("ask",), ("sources",), ("show",), ("models", "check"), ("doctor",)],
)
def test_every_command_explains_itself_with_an_example(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = _run(*command, "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert not command or "Example" in result.stdout
