"""The reranker: what it reads, that it tells right from wrong, and that it is what was trained."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from eval.low_rank import PairModel
from ragkit.chunk import introductions
from ragkit.crossencoder import CrossEncoder
from ragkit.embed import EmbedConfig, find_model
from ragkit.errors import ModelError
from ragkit.index import Library
from ragkit.rerank import ADAPTER, MAX_TOKENS, candidate_text, open_reranker

_QUESTION = "what did the clinic cost to run"
_RIGHT = "4 Lantern Clinic > 4.2 Costs: Running the clinic cost £9,400 in its first year."
_WRONG = (
    "4 Lantern Clinic > 4.3 Staff: Two nurses work at the clinic on Mondays.",
    "5 Gardens > 5.1 Winter: The garden was closed because the path froze.",
)


@pytest.fixture(scope="module")
def reranker() -> CrossEncoder:
    found = open_reranker(EmbedConfig())
    assert found is not None
    return found


def test_a_sentence_that_answers_scores_above_its_neighbours(reranker: CrossEncoder) -> None:
    right, *wrong = reranker.scores(_QUESTION, [_RIGHT, *_WRONG])[:, 0]
    assert right > max(wrong)


def test_a_text_scores_the_same_whatever_stands_beside_it(reranker: CrossEncoder) -> None:
    alone = reranker.scores(_QUESTION, [_RIGHT])
    among = reranker.scores(_QUESTION, [*_WRONG, _RIGHT])
    assert alone[0, 0] == pytest.approx(among[-1, 0], abs=1e-4)
    assert reranker.scores(_QUESTION, []).shape == (0, 2)


def test_an_item_is_read_under_its_headings_and_after_its_lead_in(small_library: Library) -> None:
    item = next(s for s in small_library.sentences.values() if s.kind == "bullet")
    above = introductions(item, small_library.sentences)
    text = candidate_text(small_library.sections[item.section_id], above, item)
    assert text.endswith(item.text)
    assert above[-1].text[-20:] in text
    assert small_library.sections[item.section_id].title in text.split(": ")[0]


def test_what_is_shipped_computes_what_was_trained(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = PairModel(find_model(EmbedConfig()), max_tokens=MAX_TOKENS, outputs=2)
    for adapter in model.adapters.values():
        torch.nn.init.normal_(adapter.up, std=0.05)
    model.eval()
    save_file(model.weights(), tmp_path / "adapter.safetensors")
    shipped = CrossEncoder(EmbedConfig(), tmp_path / "adapter.safetensors", max_tokens=MAX_TOKENS)
    texts = [_RIGHT, *_WRONG]
    with torch.inference_mode():
        trained = model([_QUESTION] * len(texts), texts).numpy()
    assert np.allclose(shipped.scores(_QUESTION, texts), trained, atol=5e-3)


@pytest.mark.parametrize("content", [None, b"", b"no weights at all"])
def test_a_missing_or_damaged_adapter_is_told_in_one_line(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "adapter.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="adapter") as caught:
        CrossEncoder(EmbedConfig(), path, max_tokens=MAX_TOKENS)
    assert "\n" not in str(caught.value)


def test_an_embedding_model_of_ones_own_has_no_reranker(tmp_path: Path) -> None:
    assert open_reranker(EmbedConfig(model=str(tmp_path))) is None


def test_the_adapter_is_small() -> None:
    assert ADAPTER.stat().st_size < 12_000_000
