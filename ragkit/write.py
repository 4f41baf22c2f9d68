"""The write stage: chosen sentences become claims, one each, in reading order.

``quote`` gives them as they stand, table rows as a readable line. ``reword`` lets a model put prose
and bullets into words; whatever it leaves unfinished, malformed or incomplete is quoted instead.
The guard (``ragkit.verify``) judges every claim afterwards.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import GeneratorType
from typing import Literal

from ragkit.errors import ConfigError
from ragkit.parse.sentences import split_cells
from ragkit.prompts import PromptTemplate
from ragkit.types import (
    Claim,
    Evidence,
    Generator,
    Origin,
    Prompt,
    SelectedSentence,
    SentenceKind,
)
from ragkit.words import fold, reading_form, terms

logger = logging.getLogger(__name__)

Writer = Literal["auto", "quote", "reword"]

REWORD_VARIABLES = frozenset({"sentence"})
# One sentence: no line break, no citation marker, no mark-up, no opening such as "Here is:".
ONE_SENTENCE_GRAMMAR = 'root ::= [A-Z0-9£"\'] [^\\n\\[\\]<>|:]+ "."'

_REWORDED_KINDS = frozenset({SentenceKind.PROSE, SentenceKind.BULLET})
_ONE_SENTENCE = re.compile(r"[A-Z0-9£\"'‘“][^\n\[\]<>|]*[.!?][\"'’”]?")
_NOT_A_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class WriteConfig:
    """Which writer, and how far it may go."""

    writer: Writer = "auto"
    budget_s: float = 3.0  # for a whole answer; what is left over is quoted
    min_words: int = 6
    max_words: int = 60
    min_kept: float = 0.85  # share of a sentence's content words that a rewording keeps, in order
    min_acceptance: float = 0.8  # of the probes, before "auto" lets a model reword freely

    def __post_init__(self) -> None:
        if self.writer not in ("auto", "quote", "reword"):
            raise ConfigError(f"writer '{self.writer}': choose auto, quote or reword")
        if self.budget_s < 0 or not 0 <= self.min_words <= self.max_words:
            raise ConfigError("write: budget_s is at least 0, min_words at most max_words")
        if not (0 <= self.min_kept <= 1 and 0 <= self.min_acceptance <= 1):
            raise ConfigError("write: min_kept and min_acceptance lie between 0 and 1")


def quote(evidence: Evidence) -> tuple[Claim, ...]:
    """One claim for each sentence, in its own words; no model."""
    return tuple(_quoted(selected, i) for i, selected in enumerate(evidence.sentences))


def reword(
    evidence: Evidence,
    *,
    generator: Generator,
    template: PromptTemplate,
    config: WriteConfig,
) -> Iterator[Claim]:
    """One claim for each sentence, as soon as it is written.

    Args:
        evidence: what was selected.
        generator: the model.
        template: a prompt with the one variable ``sentence``.
        config: limits. Once ``budget_s`` is spent, the rest is quoted and the model left alone.

    Raises:
        ModelError: the model is busy or cannot take the prompt.
    """
    deadline = time.monotonic() + config.budget_s
    longest = 0.0
    for i, selected in enumerate(evidence.sentences):
        claim = _quoted(selected, i)
        started = time.monotonic()
        if started + longest <= deadline and _may_reword(selected, claim, config):
            text = _write(_prompt(claim.text, template), generator, deadline)
            longest = max(longest, time.monotonic() - started)
            claim = _reworded(claim, text, config)
        yield claim


def _may_reword(selected: SelectedSentence, claim: Claim, config: WriteConfig) -> bool:
    words = len(claim.text.split())
    return (
        selected.sentence.kind in _REWORDED_KINDS and config.min_words <= words <= config.max_words
    )


def _prompt(sentence: str, template: PromptTemplate) -> Prompt:
    rendered = template.render(sentence=sentence)
    return Prompt(
        system=rendered.system,
        user=rendered.user,
        grammar=ONE_SENTENCE_GRAMMAR,
        # About 1.3 times the sentence: English has some four characters a token, names fewer.
        max_tokens=len(sentence) // 3 + 12,
    )


def _write(prompt: Prompt, generator: Generator, deadline: float) -> str:
    """What the model writes until it stops or time runs out."""
    text = ""
    pieces = generator.stream(prompt)
    most = 8 * prompt.max_tokens  # a server may not keep to the limit
    try:
        for piece in pieces:
            text += piece
            if time.monotonic() > deadline or len(text) > most:
                break
    finally:
        if isinstance(pieces, GeneratorType):
            pieces.close()  # frees the model for the next user
    return text


def _reworded(claim: Claim, text: str, config: WriteConfig) -> Claim:
    """The model's sentence where it is whole; else the quotation."""
    text = reading_form(text)
    is_whole = _ONE_SENTENCE.fullmatch(text) and _kept(claim.text, text) >= config.min_kept
    if not is_whole or _letters(text) == _letters(claim.text):
        logger.debug("quoted: the model wrote %r", text)
        return claim
    return Claim(text, Origin.REWORDED, claim.evidence)


def _kept(source: str, text: str) -> float:
    """The share of content words kept in their order.

    A condition left out adds nothing false, and words that change places can swap who did what to
    whom: neither would be found by comparing words alone.
    """
    wanted, written = terms(source), terms(text)
    if not wanted or wanted == written:
        return 0.0  # nothing but small words changed: the quotation reads as well
    blocks = SequenceMatcher(None, wanted, written, autojunk=False).get_matching_blocks()
    return sum(b.size for b in blocks) / len(wanted)


def _letters(text: str) -> str:
    return _NOT_A_WORD.sub(" ", fold(text)).strip()


def _quoted(selected: SelectedSentence, i: int) -> Claim:
    if selected.sentence.kind is SentenceKind.TABLE_ROW:
        return Claim(table_line(selected), Origin.TABLE, (i,))
    return Claim(reading_form(selected.sentence.text), Origin.QUOTE, (i,))


def table_line(selected: SelectedSentence) -> str:
    """A table row that can be read alone.

    The form is ``Caption. Row: column: value; column: value.`` Caption and header row come from the
    introduction; a row without a header gives its values, and an empty cell is left out.
    """
    cells = list(split_cells(selected.sentence.text))
    headers: list[str] = []
    caption = ""
    for sentence in selected.introduction:
        if sentence.kind is SentenceKind.TABLE_HEADER:
            headers = list(split_cells(sentence.text))
        elif sentence.kind is SentenceKind.CAPTION:
            caption = reading_form(sentence.text).rstrip(".:")
    line = _labelled(cells, headers) if len(cells) > 1 else cells[0].rstrip(".")
    return f"{caption}. {line}." if caption else f"{line}."


def _labelled(cells: list[str], headers: list[str]) -> str:
    headers = headers + [""] * (len(cells) - len(headers))
    pairs = [
        f"{header}: {cell}" if header else cell
        for header, cell in zip(headers[1:], cells[1:], strict=False)
        if cell
    ]
    values = "; ".join(pairs)
    return f"{cells[0]}: {values}" if cells[0] else values
