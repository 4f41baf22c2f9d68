"""Evidence of invented sentences, for tests of the stages after selection."""

from collections.abc import Sequence

from ragkit.types import (
    Document,
    Evidence,
    Section,
    SectionKind,
    SelectedSentence,
    Sentence,
    SentenceKind,
    Status,
)


def a_sentence(text: str, kind: SentenceKind = SentenceKind.PROSE) -> Sentence:
    return Sentence("s", "d", "x", 0, kind, 0, len(text), text)


def selected(
    text: str,
    kind: SentenceKind = SentenceKind.PROSE,
    introduction: Sequence[Sentence] = (),
) -> SelectedSentence:
    document = Document("d", "Dunmere review", "dunmere.txt", "0" * 64, text)
    section = Section(
        "x", "d", 0, SectionKind.NUMBERED, "1", "Dunmere", 1, ("Dunmere",), "1", 0, 0, len(text)
    )
    return SelectedSentence(a_sentence(text, kind), section, document, 1.0, tuple(introduction))


def evidence_of(*sentences: SelectedSentence) -> Evidence:
    return Evidence(Status.ANSWERED, confidence=1.0, sentences=sentences)
