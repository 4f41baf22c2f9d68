"""The guard: a claim is supported by the sentences it cites, or it is not, with the reasons.

Deterministic rules, no model. A rejected rewording costs little, because the quotation then stands;
a spoiled one let through costs the promise, so each check rejects when in doubt.
"""

from collections.abc import Callable, Iterator, Sequence

from ragkit.types import Finding
from ragkit.verify import amounts, belonging, meaning
from ragkit.verify.case import Case, VerifyConfig
from ragkit.verify.view import read_view
from ragkit.words import fold, reading_form

__all__ = ["VerifyConfig", "verify"]

Check = Callable[[Case], Iterator[str]]

CHECKS: tuple[Check, ...] = (
    amounts.check_figures,
    amounts.check_digits,
    amounts.check_dropped_figures,
    belonging.check_names,
    belonging.check_pairing,
    belonging.check_exchange,
    belonging.check_shares,
    belonging.check_rows,
    meaning.check_negation,
    meaning.check_prefixes,
    meaning.check_opposites,
    meaning.check_comparison,
    meaning.check_cause,
    meaning.check_causes_named,
    meaning.check_agents,
    meaning.check_scope,
    meaning.check_certainty,
    meaning.check_new_nouns,
    meaning.check_coverage,
)
_DEFAULT = VerifyConfig()


def verify(
    claim: str,
    evidence: Sequence[str],
    *,
    context: Sequence[str] = (),
    config: VerifyConfig = _DEFAULT,
) -> Finding:
    """Decide whether sentences bear a claim out.

    Args:
        claim: one sentence, without citation markers.
        evidence: the reading forms of the sentences it cites.
        context: headings and titles, which may lend names and nothing else.
        config: how free a rewording may be.

    Returns:
        Supported, or the reasons against, in plain words. An exact copy is always supported; an
        empty claim, and a claim without evidence, never are.
    """
    if not reading_form(claim):
        return Finding(supported=False, reasons=("the sentence is empty",))
    copies = {fold(reading_form(sentence)) for sentence in evidence}
    if fold(reading_form(claim)) in copies:
        return Finding(supported=True)
    if not any(copies):
        return Finding(supported=False, reasons=("no quotation is cited",))
    case = Case(
        claim=read_view(claim),
        evidence=tuple(read_view(sentence) for sentence in evidence),
        context=tuple(read_view(text) for text in context),
        config=config,
    )
    if not case.claim.words:
        return Finding(supported=False, reasons=("the sentence has no words to check",))
    reasons = tuple(dict.fromkeys(reason for check in CHECKS for reason in check(case)))
    return Finding(supported=not reasons, reasons=reasons)
