"""What an answer says, piece by piece: nuggets after TREC's question answering tracks.

A nugget is said when one of its patterns is found in the shown text. Values lie in [0, 1].
"""

from eval.questions import Nugget, Question, forbidden_in


def said(nuggets: tuple[Nugget, ...], text: str) -> float:
    """The share of nuggets that a text says; 1 when there are none.

    Of the vital ones it is the partial vital recall, of all of them the recall.
    """
    return sum(n.is_in(text) for n in nuggets) / len(nuggets) if nuggets else 1.0


def says_all(nuggets: tuple[Nugget, ...], text: str) -> float:
    """1 when a text says every nugget: strict recall."""
    return float(all(n.is_in(text) for n in nuggets))


def must_not(question: Question, text: str) -> float:
    """1 when the text says something that makes the answer wrong; lower is better."""
    return float(bool(forbidden_in(question, text)))
