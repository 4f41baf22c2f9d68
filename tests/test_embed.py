"""The embedder: one pass gives a chunk's vector and its sentences'."""

from pathlib import Path

import numpy as np
import pytest

from ragkit.embed import (
    ADAPTER,
    EmbedConfig,
    Passages,
    SentenceTransformerEmbedder,
    find_model,
)
from ragkit.errors import ModelError

_TEXT = "Orrin Bay > Clinics\nThe clinic opened in May. Parking costs £3 an hour."
_PARTS = ((20, 45), (46, 74))


def test_the_vector_of_a_passage_is_that_of_its_text(embedder: SentenceTransformerEmbedder) -> None:
    passages = embedder.embed_passages(Passages((_TEXT, "short"), ((_PARTS), ())))
    alone = embedder.embed([_TEXT, "short"])
    np.testing.assert_allclose(passages.texts, alone, atol=1e-5)


def test_a_sentence_is_nearest_to_the_question_it_answers(
    embedder: SentenceTransformerEmbedder,
) -> None:
    parts = embedder.embed_passages(Passages((_TEXT,), (_PARTS,))).parts[0]
    opened, parking = embedder.embed(["When did the clinic open?", "What does parking cost?"])
    assert (parts @ opened).argmax() == 0
    assert (parts @ parking).argmax() == 1


def test_vectors_have_length_one(embedder: SentenceTransformerEmbedder) -> None:
    vectors = embedder.embed_passages(Passages((_TEXT,), (_PARTS,)))
    for rows in (vectors.texts, *vectors.parts):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_a_sentence_beyond_what_the_model_reads_gets_the_vector_of_its_text(
    embedder: SentenceTransformerEmbedder,
) -> None:
    text = "word " * 600
    vectors = embedder.embed_passages(Passages((text,), (((0, 4), (2900, 2904)),)))
    np.testing.assert_allclose(vectors.parts[0][1], vectors.texts[0])


def test_nothing_to_embed_gives_nothing(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_a_missing_model_is_named_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no embedding model in"):
        find_model(EmbedConfig(model=str(tmp_path)))


def test_the_adapted_model_is_another_model_with_its_own_id(
    embedder: SentenceTransformerEmbedder,
) -> None:
    published = SentenceTransformerEmbedder(EmbedConfig(is_adapted=False))
    assert published.model_id != embedder.model_id
    assert not np.allclose(published.embed(["clinic"]), embedder.embed(["clinic"]), atol=0.01)


def test_the_adapter_is_small() -> None:
    assert ADAPTER.stat().st_size < 12_000_000
