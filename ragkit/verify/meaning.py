"""What the claim asserts: negation, direction, cause, scope, certainty, and words of its own."""

from collections.abc import Iterator

from ragkit.figures import FigureKind
from ragkit.verify.case import Case
from ragkit.verify.lexicon import LEXICON, Opposites
from ragkit.verify.view import View, Word, any_of
from ragkit.words import stem


def check_negation(case: Case) -> Iterator[str]:
    """A negation is neither added nor dropped, and denies the same words."""
    said = any_of(case.claim.words, LEXICON.negations) or _contracted(case.claim.words)
    quoted = any_of(case.used, LEXICON.negations) or _contracted(case.used)
    somewhere = any_of(case.every, LEXICON.negations) or _contracted(case.every)
    if said and not somewhere:
        yield f'"{said}" is not in the quotation'
    if quoted and not said:
        yield f'"{quoted}" is missing from the claim'
    if _negations(case.claim.words) > _negations(case.every):
        yield "the claim has more negations than the quotation"
    if somewhere:
        yield from _moved_negation(case)


def _negations(words: tuple[Word, ...]) -> int:
    return sum(word.text in _NEGATIONS or word.text.endswith("n't") for word in words)


def _moved_negation(case: Case) -> Iterator[str]:
    content = frozenset(w.stem for w in case.claim.words if w.is_content)
    affirmed_there = frozenset(w.stem for w in case.every if w.is_content) - _denied(
        case.evidence, 3
    )
    denied = _denied((case.claim,), 1)
    if denied and denied <= affirmed_there:
        yield f'"{min(denied)}…" is not denied in the quotation'
    only_denied = _denied(case.evidence, 1) - affirmed_there
    turned = (content - _denied((case.claim,), 4)) & only_denied
    if turned:
        yield f'"{min(turned)}…" is denied in the quotation'


def _denied(views: tuple[View, ...], reach: int) -> frozenset[str]:
    """Stems of the words of meaning, up to `reach`, that follow a negation in its clause."""
    denied: set[str] = set()
    for view in views:
        for clause in view.clauses:
            left = 0
            for word in view.within(clause):
                if word.text in _NEGATIONS or word.text.endswith("n't"):
                    left = reach
                elif word.is_content and left:
                    denied.add(word.stem)
                    left -= 1
    return frozenset(denied)


_NEGATIONS = frozenset(n for n in LEXICON.negations if " " not in n)


def _contracted(words: tuple[Word, ...]) -> str:
    return next((w.text for w in words if w.text.endswith("n't")), "")


def check_prefixes(case: Case) -> Iterator[str]:
    """The claim's "unpaid" does not stand for "paid", nor its "paid" for "unpaid"."""
    said = {w.stem for w in case.claim.words if w.is_content}
    quoted = {w.stem for w in case.every if w.is_content}
    for prefix in ("un", "in", "im", "dis", "non", "ir"):
        for word in sorted(said - quoted):
            if prefix + word in quoted or (
                word.startswith(prefix) and word.removeprefix(prefix) in quoted
            ):
                yield f'"{word}…" turns a word of the quotation round'


def check_opposites(case: Case) -> Iterator[str]:
    """A rise stays a rise, "before" stays "before", the open stay open."""
    for pair in LEXICON.opposites:
        for side, contrary in ((pair.one, pair.other), (pair.other, pair.one)):
            said = any_of(case.claim.words, side)
            if not said or any_of(case.used, side):
                continue
            against = any_of(case.used, contrary)
            if against and not any_of(case.claim.words, contrary):
                yield f"{pair.label}: claim says {said}, quotation says {against}"
            elif pair.is_stated and not any_of(case.every, side) and not _shown(case, said, pair):
                yield f'{pair.label}: "{said}" is not in the quotation'


def _shown(case: Case, said: str, pair: Opposites) -> bool:
    """Whether a row of a table bears out "rose from A to B"."""
    calendar = (FigureKind.DATE, FigureKind.YEAR)
    values = [f.value for f in case.claim.figures if f.kind not in calendar][:2]
    given = [f.value for f in case.figures]
    if len(values) < 2 or not set(values) <= set(given):
        return False
    if not any(view.is_row for view in case.evidence):
        return False
    in_order = given.index(values[0]) < given.index(values[1])
    return in_order and (values[0] < values[1]) == (said in pair.one)


def check_comparison(case: Case) -> Iterator[str]:
    """A comparison with "than" is the quotation's own, not worked out from its figures."""
    claimed = any_of(case.claim.words, ("than",)) and not any_of(case.claim.words, ("rather than",))
    if claimed and not any_of(case.every, ("than",)):
        yield 'comparison: "than" is not in the quotation'


def check_cause(case: Case) -> Iterator[str]:
    """The quotation itself says what caused what."""
    said = any_of(case.claim.words, LEXICON.causes)
    doubt = any_of(case.every, LEXICON.disclaimers)
    if said and not any_of(case.every, (*LEXICON.causes, *LEXICON.weak_causes)):
        yield f'cause: "{said}" is not in the quotation'
    change = any_of(case.claim.words, LEXICON.changers)
    if change and not any_of(case.every, (change,)) and not any_of(case.every, LEXICON.causes):
        yield f'cause: "{change}" is not in the quotation'
    if doubt and (said or change) and not any_of(case.claim.words, LEXICON.disclaimers):
        yield f'cause: the quotation says "{doubt}"'


def check_causes_named(case: Case) -> Iterator[str]:
    """What follows "because" in the claim follows such a word in the quotation too."""
    said = _after(case.claim.words)
    quoted = frozenset[str]().union(
        *(_after(view.words, *LEXICON.weak_causes) for view in case.evidence)
    )
    if said and quoted and len(said & quoted) < len(said) * 0.4:
        yield "cause: the quotation names another cause"


def _after(words: tuple[Word, ...], *more: str) -> frozenset[str]:
    markers = {"because", "due", "owing", "thanks", *more}
    places = [n for n, word in enumerate(words) if word.text in markers]
    rest = words[places[0] + 1 : places[0] + 13] if places else ()
    return frozenset(key for word in rest if word.is_content for key in word.keys)


def check_agents(case: Case) -> Iterator[str]:
    """Whoever something is done by, or comes from, is so in the quotation."""
    for preposition in ("by", "from", "through"):
        quoted: set[str] = set()
        for view in case.evidence:
            quoted |= _governed(view.words, preposition)
        for word in _governed(case.claim.words, preposition):
            if quoted and word in case.evidence_stems and word not in quoted:
                yield f'"{preposition} {word}…" is not in the quotation'


def _governed(words: tuple[Word, ...], preposition: str) -> set[str]:
    found: set[str] = set()
    for n, word in enumerate(words):
        if word.text == preposition:
            found |= {w.stem for w in words[n + 1 : n + 5] if w.is_content}
    return found


def check_scope(case: Case) -> Iterator[str]:
    """The quotation's own "all" and "only" alone are claimed; "some" and "most" are kept."""
    for group in LEXICON.universals:
        said = any_of(case.claim.words, group)
        if said and not any_of(case.used, group):
            yield f'scope: "{said}" is not in the quotation'
    for group in LEXICON.limits:
        quoted = any_of(case.used, group)
        if quoted and not any_of(case.claim.words, group):
            yield f'scope: "{quoted}" is missing from the claim'
    condition = any_of(case.used_sentences, LEXICON.conditions)
    if condition and not any_of(case.claim.words, LEXICON.conditions):
        yield f'scope: "{condition}" is missing from the claim'


def check_certainty(case: Case) -> Iterator[str]:
    """Plans, estimates and opinions stay what they are."""
    for group in LEXICON.hedges:
        quoted = any_of(case.used, group)
        if quoted and not any(any_of(case.claim.words, g) for g in LEXICON.hedges):
            yield f'certainty: "{quoted}" is missing from the claim'
    for strong in LEXICON.strong:
        if any_of(case.claim.words, (strong,)) and not any_of(case.every, (strong,)):
            yield f'certainty: "{strong}" is not in the quotation'


def check_coverage(case: Case) -> Iterator[str]:
    """Nearly all words that carry meaning are the quotation's or safe synonyms of them."""
    content = [w for w in case.claim.words if w.is_content and w.stem not in _LIGHT]
    new = [w for w in content if case.is_new(w)]
    if not content or not new:
        return
    if len(new) > case.config.max_new_words or len(new) / len(content) > case.config.max_new_share:
        yield "words not in the quotation: " + ", ".join(w.text for w in new)


def check_new_nouns(case: Case) -> Iterator[str]:
    """A noun that the quotation lacks is another thing: "the clinic" is not "the ward"."""
    before = ""
    for word in case.claim.words:
        is_noun = word.is_content and before in _NOUN_MARKERS and word.stem not in _LIGHT
        if is_noun and case.is_new(word):
            yield f'"{word.text}" is not in the quotation'
        before = word.text


_MARKERS = "a an the of by with its their his her our your from in at for"
_NOUN_MARKERS = frozenset(_MARKERS.split())
_LIGHT = frozenset(stem(word) for word in LEXICON.light)
