"""Judge how likely a sentence is to answer a question, trained by `eval.fit_reranker`."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ragkit.crossencoder import CrossEncoder
from ragkit.embed import EmbedConfig
from ragkit.types import Section, Sentence
from ragkit.words import reading_form

ADAPTER = Path(__file__).parent / "rerank.safetensors"
MAX_TOKENS = 88  # of question and sentence together
_LEAD_CHARS = 150


def candidate_text(section: Section, read_after: Sequence[Sentence], sentence: Sentence) -> str:
    """A sentence as the reranker reads it: under its headings, after what it needs before it."""
    lead = " ".join(reading_form(s.text) for s in read_after)[-_LEAD_CHARS:]
    words = " ".join(filter(None, (lead, reading_form(sentence.text))))
    return f"{' > '.join(section.path[-2:])}: {words}"


@lru_cache(maxsize=1)
def open_reranker(config: EmbedConfig) -> CrossEncoder | None:
    """The reranker that belongs to an embedding model; None for a model of the user's own."""
    return None if config.model else CrossEncoder(config, ADAPTER, max_tokens=MAX_TOKENS)
