"""The guard: what it throws away and why, and what it must never throw away."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eval.guard import GuardCase, Outcome, precision, recall
from ragkit.figures import find_figures
from ragkit.verify import VerifyConfig, verify

FERRY = "Ferries to Ullen carried 4,120 people in 2021/22, against 3,600 the year before."
BOTH = "The waiting list was 61 in Corby Sands and 27 in Marle by March 2022."
TEAM = "The harbour team may reopen the pier if the survey is favourable."
NOT = "The ferry crew have not been trained to lift passengers."
SOME = "Most of the lamps on the quay were replaced within 18 months."
CLAIM = "The Harbour Board oversees the pilots and reports to the Town Meeting each spring."


@dataclass(frozen=True, slots=True)
class Spoiled:
    claim: str
    evidence: tuple[str, ...]
    reason: str  # a part of one reason given


SPOILED = {
    "figure": Spoiled(FERRY.replace("4,120", "4,210"), (FERRY,), "figure 4,210"),
    "figure repeated": Spoiled(FERRY.replace("3,600", "4,120"), (FERRY,), "figure 4,120"),
    "financial year": Spoiled(FERRY.replace("2021/22", "2019/20"), (FERRY,), 'date "2019/20"'),
    "month": Spoiled(BOTH.replace("March", "April"), (BOTH,), "April 2022"),
    "unit": Spoiled(SOME.replace("months", "weeks"), (SOME,), "18 weeks"),
    "kind of amount": Spoiled("It took 40% of staff.", ("It took 40 staff.",), "40%"),
    "rate": Spoiled("Berths cost £30 a week.", ("Berths cost £30 a month.",), "per week"),
    "qualifier turned": Spoiled(
        "Over 40 gulls were ringed.", ("Under 40 gulls were ringed.",), "over"
    ),
    "qualifier dropped": Spoiled(
        "The berth costs £900.", ("The berth costs at least £900.",), "at least"
    ),
    "places exchanged": Spoiled(
        "The waiting list was 61 in Marle and 27 in Corby Sands by March 2022.",
        (BOTH,),
        "belongs to",
    ),
    "other place's figure": Spoiled("The waiting list in Marle was 61.", (BOTH,), "belongs to"),
    "another row": Spoiled(
        "Marle had 61 berths.",
        ("Port: Corby Sands; Berths: 61; Cranes: 4", "Port: Marle; Berths: 27; Cranes: 2"),
        "row of the table",
    ),
    "another column": Spoiled(
        "Corby Sands had 4 berths.", ("Port: Corby Sands; Berths: 61; Cranes: 4",), "heading"
    ),
    "name": Spoiled(BOTH.replace("Marle", "Wyrebeck"), (BOTH,), 'name "Wyrebeck"'),
    "bodies exchanged": Spoiled(
        "The Town Meeting oversees the pilots and reports to the Harbour Board each spring.",
        (CLAIM,),
        "stands where",
    ),
    "negation dropped": Spoiled(NOT.replace(" not", ""), (NOT,), '"not" is missing'),
    "negation added": Spoiled(
        SOME.replace("were replaced", "were never replaced"), (SOME,), '"never" is not'
    ),
    "prefix": Spoiled("The berths are unpaid.", ("The berths are paid.",), "unpaid"),
    "direction": Spoiled(
        "Landings rose by 7% in Marle.", ("Landings fell by 7% in Marle.",), "quotation says fell"
    ),
    "order": Spoiled(
        "The pier shut before the storm.", ("The pier shut after the storm.",), "claim says before"
    ),
    "cause": Spoiled(
        "Landings fell because the pier was shut.",
        ("Landings fell.", "The pier was shut."),
        '"because" is not',
    ),
    "scope widened": Spoiled(SOME.replace("Most", "All"), (SOME,), '"all" is not'),
    "certainty": Spoiled(TEAM.replace("may", "will"), (TEAM,), '"will" is not'),
    "condition dropped": Spoiled(
        "The harbour team may reopen the pier.", (TEAM,), '"if" is missing'
    ),
    "plan as fact": Spoiled(
        "The Board runs two ferries.", ("The Board plans to run two ferries.",), '"plan" is missing'
    ),
    "added words": Spoiled(
        "The crew have not been trained to lift passengers and grumble constantly.",
        (NOT,),
        "words not in the quotation",
    ),
}


@pytest.mark.parametrize("case", SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_claim_is_rejected_with_its_reason(case: Spoiled) -> None:
    finding = verify(case.claim, case.evidence)
    assert not finding.supported
    assert any(case.reason in reason for reason in finding.reasons), finding.reasons


SOUND = {
    "copy": (FERRY, (FERRY,)),
    "copy among others": (NOT, (FERRY, NOT)),
    "copy with other quotation marks": ("The pilots’ hut is shut.", ("The pilots' hut is shut.",)),
    "number in words": ("Twelve lamps were lit.", ("12 lamps were lit.",)),
    "scaled number": ("The pier cost £2.3m.", ("The pier cost £2,300,000.",)),
    "per cent": ("39 per cent of berths are let.", ("39% of berths are let.",)),
    "fraction": ("A fifth of berths are let.", ("20% of berths are let.",)),
    "a year in months": ("It took 12 months.", ("It took a year.",)),
    "synonym": ("The pier was shut for roughly a year.", ("The pier was shut for about a year.",)),
    "two sentences joined": (
        "The pier was shut in 2019, and 14 lamps were replaced.",
        ("The pier was shut in 2019.", "14 lamps were replaced."),
    ),
    "abbreviation of a long form": (
        "The CSHB owns 14 lamps.",
        ("The Corby Sands Harbour Board owns 14 lamps.",),
    ),
    "row as a sentence": (
        "Corby Sands had 61 berths.",
        ("Port: Corby Sands; Berths: 61; Cranes: 4",),
    ),
}


@pytest.mark.parametrize("case", SOUND.values(), ids=SOUND.keys())
def test_a_sound_rewording_is_supported(case: tuple[str, tuple[str, ...]]) -> None:
    claim, evidence = case
    assert verify(claim, evidence).reasons == ()


def test_a_heading_lends_a_name_that_the_quotation_leaves_out() -> None:
    claim, quotation = "The pier at Marle was shut in 2019.", "The pier was shut in 2019."
    assert not verify(claim, [quotation]).supported
    assert verify(claim, [quotation], context=["Harbours of Marle"]).supported


def test_a_heading_lends_no_name_in_place_of_the_quotations_own() -> None:
    quotation = "The pier at Ullen was shut in 2019."
    claim = "The pier at Marle was shut in 2019."
    assert not verify(claim, [quotation], context=["Marle and Ullen"]).supported


def test_a_heading_lends_no_figure() -> None:
    assert not verify(
        "The pier has 14 lamps.", ["The pier has lamps."], context=["14 lamps"]
    ).supported


def test_new_words_are_as_many_as_the_config_allows() -> None:
    claim = "Ferries to Ullen carried 4,120 cheerful people in 2021/22, against 3,600 before."
    strict, free = VerifyConfig(max_new_words=0), VerifyConfig(max_new_words=1, max_new_share=0.5)
    assert not verify(claim, [FERRY], config=strict).supported
    assert verify(claim, [FERRY], config=free).supported


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [("", [FERRY]), ("  ", [FERRY]), (FERRY, []), (FERRY, [""]), ("…!", [FERRY])],
)
def test_nothing_to_check_is_never_supported(claim: str, evidence: list[str]) -> None:
    assert not verify(claim, evidence).supported


@given(st.text(min_size=1), st.lists(st.text(), max_size=2))
def test_a_copy_of_a_quotation_is_always_supported(text: str, others: list[str]) -> None:
    assume(re.sub(r"\W", "", text, flags=re.ASCII))
    assert verify(text, [*others, text]).supported


@given(st.text(), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=2))
def test_any_text_gets_a_finding(claim: str, evidence: list[str], context: list[str]) -> None:
    finding = verify(claim, evidence, context=context)
    assert finding.supported != bool(finding.reasons)


@pytest.mark.parametrize("sentence", [FERRY, BOTH, SOME, "On 14 June 2019 it cost £2.35m (8.8%)."])
@given(data=st.data())
def test_a_changed_digit_of_a_figure_is_always_rejected(sentence: str, data: st.DataObject) -> None:
    places = [
        n for f in find_figures(sentence) for n in range(f.start, f.end) if sentence[n].isdigit()
    ]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from("0123456789"))
    assume(digit != sentence[place])
    changed = sentence[:place] + digit + sentence[place + 1 :]
    assert not verify(changed, [sentence]).supported


def test_precision_and_recall_of_both_decisions_agree_with_a_count_by_hand() -> None:
    def outcome(*, is_sound: bool, accepted: bool, kind: str) -> Outcome:
        return Outcome(GuardCase("c", ("e",), (), is_sound, kind), accepted)

    outcomes = (
        outcome(is_sound=True, accepted=True, kind="copy"),
        outcome(is_sound=True, accepted=False, kind="joined"),
        outcome(is_sound=False, accepted=True, kind="figure"),
        outcome(is_sound=False, accepted=False, kind="figure"),
        outcome(is_sound=False, accepted=False, kind="name"),
    )
    assert str(precision(outcomes, accepted=True)) == "0.500 (1/2)"
    assert str(precision(outcomes, accepted=False)) == "0.667 (2/3)"
    assert str(recall(outcomes, is_sound=True)) == "0.500 (1/2)"
    assert str(recall(outcomes, is_sound=False, kind="figure")) == "0.500 (1/2)"
    assert str(recall(outcomes, is_sound=True, kind="paraphrase")) == "- (0/0)"
