"""A claim beside its evidence, and what the checks share about the two."""

from dataclasses import dataclass
from functools import cached_property

from ragkit.figures import Figure
from ragkit.verify.view import View, Word


@dataclass(frozen=True, slots=True)
class VerifyConfig:
    """How free a rewording may be."""

    max_new_words: int = 1  # words that carry meaning and are not in the quotation
    max_new_share: float = 0.125  # the same, as a share of the claim's content words
    clause_share: float = 0.5  # a clause whose words the claim repeats to this share is used


@dataclass(frozen=True)
class Case:
    """A claim beside the sentences it cites."""

    claim: View
    evidence: tuple[View, ...]
    context: tuple[View, ...]
    config: VerifyConfig

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of all the evidence, in order."""
        return tuple(f for view in self.evidence for f in view.figures)

    @cached_property
    def headers(self) -> str:
        """The text of rows and captions, where a table gives its units."""
        return " ".join(v.text for v in (*self.evidence, *self.context) if ":" in v.text)

    @cached_property
    def every(self) -> tuple[Word, ...]:
        """All words of the evidence."""
        return tuple(w for view in self.evidence for w in view.words)

    @cached_property
    def used(self) -> tuple[Word, ...]:
        """The words of those clauses of the evidence that the claim repeats."""
        return tuple(w for view in self.evidence for w in self.used_of(view))

    @cached_property
    def used_sentences(self) -> tuple[Word, ...]:
        """The words of every sentence of which a clause is used."""
        return tuple(w for view in self.evidence if self.used_of(view) for w in view.words)

    def used_of(self, view: View) -> tuple[Word, ...]:
        """The words of the clauses of one sentence that the claim repeats."""
        said = self.claim.keys
        used: list[Word] = []
        for clause in view.clauses:
            words = view.within(clause)
            content = [w for w in words if w.is_content]
            shared = [w for w in content if w.keys & said]
            if content and len(shared) >= self.config.clause_share * len(content):
                used += words
        return tuple(used)

    @cached_property
    def evidence_stems(self) -> frozenset[str]:
        """Stems of all words of the evidence."""
        return frozenset(w.stem for w in self.every)

    @cached_property
    def evidence_keys(self) -> frozenset[str]:
        """Keys of all words of the evidence."""
        return frozenset(k for w in self.every for k in w.keys)

    @cached_property
    def lent(self) -> frozenset[str]:
        """Stems that headings and titles lend, for names only."""
        return frozenset(w.stem for view in self.context for w in view.words)

    def is_new(self, word: Word) -> bool:
        """A word of the claim that neither the evidence nor, for a name, a heading bears out."""
        if word.keys & self.evidence_keys or self.is_abbreviation(word):
            return False
        return not (word.stem in self.lent and self.claim.is_name(word))

    def is_abbreviation(self, word: Word) -> bool:
        """The initials, in capitals, of words that stand in a row in the evidence or a heading."""
        initials = word.text.removesuffix("s")
        if len(initials) < 2 or not self.claim.text[word.start : word.start + 2].isupper():
            return False
        for view in (*self.evidence, *self.context):
            # two letters turn up by chance, so then the long form needs capitals as well
            kept = view.words if len(initials) > 2 else [w for w in view.words if w.is_capital]
            content = [w for w in kept if w.is_content]
            if any(initials in "".join(w.text[0] for w in words) for words in (kept, content)):
                return True
        return False
