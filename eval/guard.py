"""The guard on labelled claims: what it lets through, and what it throws away.

Two kinds of file are read. ``sets/guard.jsonl``, which evaluates, holds a claim with its evidence a
line; the synthetic extracts, which fit, hold one extract a line with claims that cite its
sentences. Each claim is labelled supported or unsupported, and an unsupported one names the kind of
spoiling. The guard has two decisions, and each has a precision and a recall: of the claims it let
through, how many were sound; of the claims it threw away, how many were spoiled.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ragkit.errors import CorpusError
from ragkit.verify import VerifyConfig, verify


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # the files carry questions as well


class _Sentence(_Part):
    id: str
    text: str


class _Section(_Part):
    title: str
    path: str
    sentences: tuple[_Sentence, ...]


class _Document(_Part):
    title: str
    publisher: str


class _Claim(_Part):
    text: str
    cites: tuple[str, ...]
    label: str
    kind: str


class _Pair(BaseModel):
    """A line of ``guard.jsonl``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    claim: str
    evidence: tuple[str, ...]
    context: tuple[str, ...] = ()
    label: Literal["supported", "unsupported"]
    kind: str


class _Extract(_Part):
    document: _Document
    sections: tuple[_Section, ...]
    claims: tuple[_Claim, ...]


@dataclass(frozen=True, slots=True)
class GuardCase:
    """A labelled claim with its evidence."""

    claim: str
    evidence: tuple[str, ...]
    context: tuple[str, ...]  # titles of the document and of the sections cited
    is_sound: bool
    kind: str  # "copy", "paraphrase", "joined", or what was spoiled: "figure", "name" ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case and what the guard decided."""

    case: GuardCase
    accepted: bool

    @property
    def is_right(self) -> bool:
        """Whether the guard let a sound claim through or threw a spoiled one away."""
        return self.accepted == self.case.is_sound


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its counts, so that small numbers show."""

    hits: int
    n: int

    def __str__(self) -> str:
        share = f"{self.hits / self.n:.3f}" if self.n else "-"
        return f"{share} ({self.hits}/{self.n})"


def read_cases(path: Path) -> Iterator[GuardCase]:
    """The claims of a file of either kind, in order.

    Raises:
        CorpusError: the file cannot be read, or a line is neither.
    """
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield from _read_line(line)
    except (OSError, UnicodeDecodeError, ValueError, KeyError) as error:
        why = " ".join(str(error).split())
        raise CorpusError(f"cannot read the claims of '{path}': {why}") from error


def _read_line(line: str) -> Iterator[GuardCase]:
    if "sections" in json.loads(line):
        yield from _cases_of(_Extract.model_validate_json(line))
        return
    pair = _Pair.model_validate_json(line)
    yield GuardCase(pair.claim, pair.evidence, pair.context, pair.label == "supported", pair.kind)


def _cases_of(extract: _Extract) -> Iterator[GuardCase]:
    texts = {s.id: s.text for section in extract.sections for s in section.sentences}
    homes = {s.id: section for section in extract.sections for s in section.sentences}
    for claim in extract.claims:
        titles = (t for cited in claim.cites for t in (homes[cited].title, homes[cited].path))
        yield GuardCase(
            claim=claim.text,
            evidence=tuple(texts[cited] for cited in claim.cites),
            context=(extract.document.title, extract.document.publisher, *titles),
            is_sound=claim.label == "supported",
            kind=claim.kind,
        )


def judge(cases: Sequence[GuardCase], *, config: VerifyConfig) -> tuple[Outcome, ...]:
    """Put every case before the guard."""
    return tuple(
        Outcome(c, verify(c.claim, c.evidence, context=c.context, config=config).supported)
        for c in cases
    )


def precision(outcomes: Sequence[Outcome], *, accepted: bool) -> Rate:
    """Of the claims so decided, the share decided rightly."""
    decided = [o for o in outcomes if o.accepted == accepted]
    return Rate(sum(o.is_right for o in decided), len(decided))


def recall(outcomes: Sequence[Outcome], *, is_sound: bool, kind: str = "") -> Rate:
    """Of the sound (or the spoiled) claims, of one kind or of all, the share decided rightly."""
    found = [o for o in outcomes if o.case.is_sound == is_sound and kind in ("", o.case.kind)]
    return Rate(sum(o.is_right for o in found), len(found))


def describe(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The report as printed: both decisions, then a line for each kind of claim."""
    for name, sound in (("supported", True), ("unsupported", False)):
        precise, found = precision(outcomes, accepted=sound), recall(outcomes, is_sound=sound)
        yield f"{name:<12} precision {precise!s:<18} recall {found}"
    for spoiled, kind in sorted({(not o.case.is_sound, o.case.kind) for o in outcomes}):
        decided = recall(outcomes, is_sound=not spoiled, kind=kind)
        yield f"  {kind:<12} {'caught' if spoiled else 'let through':<12} {decided}"
