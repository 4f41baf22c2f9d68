"""What an answer rests on. Values lie in [0, 1]; None where there is nothing to measure.

Two views. Against gold: are the right sections cited? And within the answer, by the definitions of
ALCE (Gao et al. 2023) with the rules of `ragkit.verify` as the judge instead of a model: does what
is cited bear out what is said?
"""

from collections.abc import Callable, Mapping, Sequence

from eval.questions import Question
from eval.records import Cited, Record, Said
from ragkit.figures import find_figures
from ragkit.types import Origin
from ragkit.verify import verify
from ragkit.words import reading_form

Supports = Callable[[str, Sequence[Cited]], bool]


def rule_judge(text: str, cited: Sequence[Cited]) -> bool:
    """Whether citations together bear a sentence out, by the guard's rules."""
    context = [t for c in cited for t in (c.document_title, c.section_path, c.section_title)]
    return verify(text, [reading_form(c.quote) for c in cited], context=context).supported


def gold_precision(question: Question, record: Record) -> float | None:
    """The share of the cited places that lie in a gold section or an accepted alternative."""
    places = question.places
    hits = [
        any(g.is_section(c.document_id, c.section_number, c.section_title) for g in places)
        for c in record.used
    ]
    return sum(hits) / len(hits) if hits else None


def gold_recall(question: Question, record: Record) -> float:
    """The share of the gold sections that are cited; an alternative counts for a single one."""
    cited = record.used
    hits = [
        any(g.is_section(c.document_id, c.section_number, c.section_title) for c in cited)
        for g in question.gold
    ]
    if len(hits) == 1 and not hits[0]:
        return float((gold_precision(question, record) or 0) > 0)
    return sum(hits) / len(hits)


def sentence_precision(question: Question, record: Record) -> float | None:
    """The share of the cited quotations that say a nugget, vital or not."""
    hits = [any(n.is_in(reading_form(c.quote)) for n in question.nuggets) for c in record.used]
    return sum(hits) / len(hits) if hits else None


def citation_recall(record: Record, supports: Supports = rule_judge) -> float | None:
    """ALCE: the share of the sentences that all their citations together bear out."""
    hits = [_is_supported(record, s, supports) for s in record.claims]
    return sum(hits) / len(hits) if hits else None


def citation_precision(record: Record, supports: Supports = rule_judge) -> float | None:
    """ALCE: the share of the citations that are of use to their sentence.

    A citation counts when its sentence is borne out by all of its citations and it is not
    irrelevant: it bears the sentence out alone, or the others without it do not.
    """
    hits: list[bool] = []
    for sentence in record.claims:
        cited = record.cited_by(sentence)
        whole = _is_supported(record, sentence, supports)
        for one in cited:
            others = [c for c in cited if c is not one]
            alone = not others or supports(sentence.text, [one])
            hits.append(whole and (alone or not supports(sentence.text, others)))
    return sum(hits) / len(hits) if hits else None


def _is_supported(record: Record, sentence: Said, supports: Supports) -> bool:
    cited = record.cited_by(sentence)
    return bool(cited) and supports(sentence.text, cited)


def verbatim_rate(record: Record, texts: Mapping[str, str]) -> float | None:
    """The share of the quotations that stand word for word in their document where they say.

    Args:
        record: an answer.
        texts: the documents' texts by id.
    """
    hits = []
    for sentence in record.claims:
        if sentence.origin is Origin.QUOTE:
            cited = record.cited_by(sentence)
            hits.append(
                any(reading_form(c.quote) == reading_form(sentence.text) for c in cited)
                and all(texts.get(c.document_id, "")[c.start : c.end] == c.quote for c in cited)
            )
    return sum(hits) / len(hits) if hits else None


def figure_accuracy(record: Record) -> float | None:
    """The share of the figures said that stand, by value and kind, in what their sentence cites."""
    hits = []
    for sentence in record.claims:
        cited = record.cited_by(sentence)
        around = (f"{c.section_path} . {reading_form(c.quote)}" for c in cited)
        known = {(f.kind, f.value) for text in around for f in find_figures(text)}
        hits += [(f.kind, f.value) in known for f in find_figures(reading_form(sentence.text))]
    return sum(hits) / len(hits) if hits else None
