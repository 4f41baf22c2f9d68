"""The one stand-in: a true Generator that replays texts and remembers what it was asked."""

from collections.abc import Iterator, Sequence

from ragkit.types import Prompt


class ScriptedGenerator:
    """Replays one text for each prompt, in pieces; the last text is repeated."""

    def __init__(self, texts: Sequence[str], *, piece_chars: int = 7) -> None:
        self._texts = list(texts)
        self._piece_chars = piece_chars
        self.prompts: list[Prompt] = []
        self.open_streams = 0

    @property
    def model_id(self) -> str:
        return "scripted"

    def stream(self, prompt: Prompt) -> Iterator[str]:
        self.prompts.append(prompt)
        text = self._texts[min(len(self.prompts), len(self._texts)) - 1]
        self.open_streams += 1
        try:
            for start in range(0, len(text), self._piece_chars):
                yield text[start : start + self._piece_chars]
        finally:
            self.open_streams -= 1
