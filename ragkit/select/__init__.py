"""Choose the sentences that answer a question, and decide whether anything does.

Reading order: ``features`` describes each candidate sentence, ``scorer`` holds the fitted weights,
``choose`` takes whole lists, rows and both sides of a comparison, and decides.
"""

from ragkit.select.choose import SelectConfig, Selector, Side
from ragkit.select.scorer import Scorer, load_scorer

__all__ = ["Scorer", "SelectConfig", "Selector", "Side", "load_scorer"]
