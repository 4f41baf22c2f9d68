"""Numbers in digits and in words: their vocabulary, their patterns, their values."""

import re


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split())


ONES = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")
SMALL = {word: n for n, word in enumerate(ONES)} | {
    word: 10 * n for n, word in enumerate(TENS, start=2)
}
SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "k": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "bn": 1e9,
    "b": 1e9,
}
PARTS = {
    word: n
    for n, word in enumerate(_list("third quarter fifth sixth seventh eighth ninth tenth"), start=3)
}
ORDINALS = _list(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)
MONTHS = _list(
    "january february march april may june july august september october november december"
)
MONTH_NUMBER = {form: n for n, m in enumerate(MONTHS, 1) for form in (m, m[:3])} | {"sept": 9}
PERIODS = _list("second minute hour day night week weekend fortnight month quarter year decade")
LABELS = _list("tier band phase stage option objective cohort wave lot group type pathway category")
REFERENCES = _list(
    "table figure section chapter paragraph para appendix annex page footnote note part item "
    "recommendation"
)
CURRENCY = {"£": "£", "€": "€", "$": "$"}

DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
WORD_NUMBER = rf"(?:(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(ONES[1:10])}))?|{'|'.join(ONES)})"
WORDS = (
    rf"(?:(?:{WORD_NUMBER}|an?) (?:hundred|thousand|million|billion)\b"
    rf"(?:(?: and)? {WORD_NUMBER}\b(?: (?:hundred|thousand)\b(?:(?: and)? {WORD_NUMBER}\b)?)?)?"
    rf"|\b{WORD_NUMBER}\b)"
)
SCALE = r"(?:\s?(?:million|billion|thousand|mn|bn|[mkb])\b)"
NUMBER = rf"(?:(?<![\w.,]){DIGITS}{SCALE}?|\b{WORDS})"
PERIOD = rf"(?:{'|'.join(PERIODS)})s?"
MONTH = rf"(?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
YEAR = r"(?:1[6-9]|20)\d\d"
TO = r"\s?(?:-|–|—|−|to|and|or)\s?"


def scale_of(text: str) -> float:
    """What the digits of a number are multiplied by: a million for "2.3m", 1 for "2.3"."""
    return SCALES.get(text.lower().lstrip("0123456789., "), 1.0)


def read_number(text: str) -> float:
    """The value of digits or number words: "2.3m", "one hundred and twenty", "a million"."""
    text = text.lower().replace(",", "").strip()
    digits = re.match(r"[\d.]+", text)
    if digits:
        return round(float(digits[0].rstrip(".")) * scale_of(text), 6)
    total, current = 0.0, 0.0
    for word in re.split(r"[ -]+", text):
        if word in SMALL:
            current += SMALL[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in SCALES:
            total, current = total + max(current, 1) * SCALES[word], 0
    return total + current


def singular(period: str) -> str:
    """A period in the singular, "working-days" as "working day"; other words in lower case."""
    words = period.lower()
    if words.replace("-", " ").split()[-1].removesuffix("s") in PERIODS:
        words = words.replace("-", " ").removesuffix("s")
    return words
