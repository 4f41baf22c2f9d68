"""The documents say what is true now."""

import re

import typer.main

from ragkit.cli import app
from ragkit.config import Config
from tests.conftest import ROOT

_README = (ROOT / "README.md").read_text(encoding="utf-8")
_ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def _commands() -> dict[str, list[str]]:
    """The commands with their options."""
    group = typer.main.get_group(app)
    found = {}
    for name, command in group.commands.items():
        found[name] = [o for p in command.params for o in p.opts]
    return found


def test_every_command_of_the_readme_exists_with_its_options() -> None:
    commands = _commands()
    used = re.findall(r"^    ragkit (\w+)(.*)$", _README, flags=re.MULTILINE)
    assert len(used) >= 6
    for name, rest in used:
        assert name in commands
        for option in re.findall(r"(?<= )--[\w-]+", rest.partition("  #")[0]):
            assert option in commands[name], f"ragkit {name} {option}"


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (\w+)", _README)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_every_module_stands_in_the_architecture() -> None:
    modules = {p.stem for p in (ROOT / "ragkit").glob("*.py")} - {"__init__"}
    modules |= {p.parent.name for p in (ROOT / "ragkit").glob("*/__init__.py")}
    for module in modules:
        assert re.search(rf"`{module}[`/]", _ARCHITECTURE), module


def test_documents_are_linked_and_there() -> None:
    for name in re.findall(r"\]\(([A-Z]+(?:\.md)?)\)", _README):
        assert (ROOT / name).is_file()


def test_the_default_settings_are_valid() -> None:
    assert Config().index == "index"
