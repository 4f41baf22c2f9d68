from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.errors import PromptError
from ragkit.prompts import PromptTemplate, load_prompt, prompts_dir
from ragkit.write import REWORD_VARIABLES

TEXT = "<!-- Purpose: test. -->\n\n## System\nBe plain.\n\n## User\n{question} and {place}\n"
VARIABLES = frozenset({"question", "place"})


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sample.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_prompt_file_is_read_in_two_parts_without_its_comment(tmp_path: Path) -> None:
    template = load_prompt(write(tmp_path, TEXT), variables=VARIABLES)
    rendered = template.render(question="How many?", place="Dunmere")
    assert rendered.system == "Be plain."
    assert rendered.user == "How many? and Dunmere"


def test_digest_changes_with_the_text(tmp_path: Path) -> None:
    before = load_prompt(write(tmp_path, TEXT), variables=VARIABLES).digest
    after = load_prompt(write(tmp_path, TEXT.replace("plain", "brief")), variables=VARIABLES)
    assert len(before) == 64
    assert before != after.digest


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"question"}, "unknown placeholder place"),
        ({"question", "place", "area"}, "no placeholder for area"),
    ],
)
def test_placeholders_and_variables_match_both_ways(
    tmp_path: Path, variables: set[str], message: str
) -> None:
    with pytest.raises(PromptError, match=message):
        load_prompt(write(tmp_path, TEXT), variables=frozenset(variables))


@pytest.mark.parametrize(
    "text",
    [
        "## System\na\n## User\nb\n",
        "<!-- c -->\n## System\n{question} {place}\n",
        "<!-- c -->\n## User\n{question} {place}\n",
        "",
    ],
)
def test_prompt_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PromptError, match="lacks"):
        load_prompt(write(tmp_path, text), variables=VARIABLES)


def test_missing_prompt_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"nowhere\.md"):
        load_prompt(tmp_path / "nowhere.md", variables=VARIABLES)


def test_prompt_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.md"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match=r"bad\.md"):
        load_prompt(path, variables=VARIABLES)


def test_render_names_what_lacks_and_what_is_unknown(tmp_path: Path) -> None:
    template = load_prompt(write(tmp_path, TEXT), variables=VARIABLES)
    with pytest.raises(PromptError, match="no value for place"):
        template.render(question="a")
    with pytest.raises(PromptError, match="unknown value area"):
        template.render(question="a", place="b", area="c")


@given(question=st.text(), place=st.text())
def test_braces_in_a_value_are_text(question: str, place: str) -> None:
    template = PromptTemplate("p", "s", "{question} and {place}", VARIABLES, "0")
    rendered = template.render(question=question, place=place)
    assert rendered.user == question + " and " + place


def test_every_shipped_prompt_loads() -> None:
    template = load_prompt(prompts_dir() / "reword.md", variables=REWORD_VARIABLES)
    assert template.render(sentence="Dunmere has {three} wards.").user.endswith("{three} wards.")
