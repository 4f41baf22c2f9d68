"""How text is read and compared: the reading form, tokens, terms, dates in words.

One analyser serves the word index, the questions, sentence selection and the guard, so that all of
them agree on when two words are the same.
"""

import re
import unicodedata
from calendar import month_name
from functools import lru_cache

import snowballstemmer

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_EMPHASIS = re.compile(r"\*+")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
)
_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans("‘’‛“”„", "'''\"\"\"")
_TOKEN = re.compile(r"a&e|[a-z0-9]+(?:'[a-z]+)?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")

STOP_WORDS = frozenset(
    """a about above after all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has
    have having he her here hers him his how i if in into is it its itself just let me more most my
    no nor not of off on once only or other our out over own please same shall she should so some
    such tell than that the their them then there these they this those through to too under until
    up us very was we were what when where which while who whom whose why will with would you your
    give list show""".split()
)

_stemmer = snowballstemmer.stemmer("english")


def reading_form(text: str) -> str:
    """The text as a person reads it: one line, without mark-up or invisible characters.

    >>> reading_form("They were told to **go**   slowly.")
    'They were told to go slowly.'
    """
    text = _INVISIBLE.sub("", text)
    text = _TAG.sub(" ", text) if "<" in text else text
    return _SPACE.sub(" ", _EMPHASIS.sub("", text)).strip()


def fold(text: str) -> str:
    """Lower case, plain quotation marks, no accents or hidden signs, no commas inside numbers.

    >>> fold("Barnardo’s: 274,293")
    "barnardo's: 274293"
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text).translate(_QUOTES))
        text = "".join(c for c in text if not unicodedata.combining(c))
    return _THOUSANDS.sub("", text.casefold())


def tokens(text: str) -> list[str]:
    """The words and numbers of a text, folded, in order.

    >>> tokens("CC4C's A&E visits: 2,300")
    ['cc4c', 'a&e', 'visits', '2300']
    """
    return [t.removesuffix("'s") for t in _TOKEN.findall(fold(text))]


@lru_cache(maxsize=65536)
def stem(token: str) -> str:
    """The stem of one folded token (Porter's second English stemmer, by snowballstemmer).

    >>> stem("commissioning")
    'commiss'
    """
    return str(_stemmer.stemWord(token))


def terms(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, repeats kept."""
    return [stem(t) for t in tokens(text) if t not in STOP_WORDS]


def date_words(date: str) -> str:
    """A date as it is written in Britain, as precise as it is known.

    >>> date_words("2016-09-15"), date_words("2022-01"), date_words("2019")
    ('15 September 2016', 'January 2022', '2019')
    """
    year, *rest = date.split("-")
    try:
        numbers = [int(part) for part in rest]
        words = [month_name[numbers[0]]] if numbers else []
    except (ValueError, IndexError):
        return reading_form(date)
    return " ".join([*map(str, numbers[1:]), *words, reading_form(year)])
