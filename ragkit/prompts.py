"""Prompts are files: read, checked against their variables, filled in.

A prompt file opens with an HTML comment that gives purpose and variables, then has a ``## System``
and a ``## User`` part with ``{name}`` placeholders.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ragkit.errors import PromptError

_SHAPE = re.compile(
    r"\A\s*<!--.+?-->\s*^## System[ \t]*\n(?P<system>.+?)^## User[ \t]*\n(?P<user>.+)\Z",
    re.DOTALL | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """The two messages of a prompt, filled in."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt file whose placeholders are known to be the expected ones."""

    name: str
    system: str
    user: str
    variables: frozenset[str]
    digest: str  # SHA-256 of the file's text, reported with what it helped to write

    def render(self, **values: str) -> RenderedPrompt:
        """Fill in the placeholders; braces in a value are text like any other.

        Raises:
            PromptError: a variable has no value, or a value no variable.
        """
        _check_match(self.name, wanted=self.variables, given=frozenset(values), what="value")
        system, user = (
            _PLACEHOLDER.sub(lambda found: values[found[1]], part)
            for part in (self.system, self.user)
        )
        return RenderedPrompt(system=system, user=user)


def load_prompt(path: Path, *, variables: frozenset[str]) -> PromptTemplate:
    """Read a prompt file and check that its placeholders are exactly ``variables``.

    Raises:
        PromptError: the file is missing, has another shape or other placeholders.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"cannot read prompt '{path}': {error}; restore the file") from error
    shape = _SHAPE.match(text)
    if shape is None:
        raise PromptError(
            f"prompt '{path}' lacks its opening comment, its '## System' or its '## User' part"
        )
    system, user = shape["system"].strip(), shape["user"].strip()
    found = frozenset(_PLACEHOLDER.findall(system + user))
    _check_match(str(path), wanted=variables, given=found, what="placeholder")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return PromptTemplate(path.stem, system, user, variables, digest)


def prompts_dir() -> Path:
    """The folder of prompt files: beside the package in a checkout, inside it once installed.

    Raises:
        PromptError: neither is there.
    """
    package = Path(__file__).resolve().parent
    places = (package.parent / "prompts", package / "data" / "prompts")
    for place in places:
        if (place / "reword.md").is_file():
            return place
    raise PromptError(
        f"no prompt files in {' or '.join(repr(str(p)) for p in places)}: install ragkit again"
    )


def _check_match(where: str, *, wanted: frozenset[str], given: frozenset[str], what: str) -> None:
    if missing := sorted(wanted - given):
        raise PromptError(f"prompt '{where}': no {what} for {', '.join(missing)}; add it")
    if unknown := sorted(given - wanted):
        raise PromptError(f"prompt '{where}': unknown {what} {', '.join(unknown)}; remove it")
