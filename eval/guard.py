"""Measures the guard on labelled claims: ``python -m eval.guard CASES.jsonl... [--by-kind]``.

A case file holds one extract a line, with its sentences and with claims that cite them, each
labelled supported or unsupported; an unsupported claim names the kind of spoiling. The guard has
two decisions, and each has a precision and a recall: of the claims it let through, how many were
sound; of the claims it threw away, how many were spoiled.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

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
    """The claims of a case file, in order.

    Raises:
        ValidationError: a line is not such an extract.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield from _cases_of(_Extract.model_validate_json(line))


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


def describe(outcomes: Sequence[Outcome], *, by_kind: bool) -> str:
    """The report as printed."""
    lines = [
        f"{name:<12} precision {precision(outcomes, accepted=sound)!s:<18}"
        f" recall {recall(outcomes, is_sound=sound)}"
        for name, sound in (("supported", True), ("unsupported", False))
    ]
    if by_kind:
        kinds = sorted({(not o.case.is_sound, o.case.kind) for o in outcomes})
        lines += [
            f"  {kind:<12} {'caught' if spoiled else 'let through':<12}"
            f" {recall(outcomes, is_sound=not spoiled, kind=kind)}"
            for spoiled, kind in kinds
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when measured, 1 when a file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m eval.guard", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="CASES.jsonl")
    parser.add_argument("--by-kind", action="store_true", help="a line for each kind of claim")
    defaults = VerifyConfig()
    parser.add_argument("--max-new-words", type=int, default=defaults.max_new_words)
    parser.add_argument("--max-new-share", type=float, default=defaults.max_new_share)
    options = parser.parse_args(arguments)
    config = VerifyConfig(max_new_words=options.max_new_words, max_new_share=options.max_new_share)
    try:
        cases = tuple(case for path in options.files for case in read_cases(path))
    except (OSError, UnicodeDecodeError, ValidationError, KeyError) as error:
        sys.stderr.write(f"cannot read the cases: {error}\n")
        return 1
    sys.stdout.write(describe(judge(cases, config=config), by_kind=options.by_kind) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
