"""What the app needs of the library: something that answers, and shows where it read."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ragkit.render import SectionView
from ragkit.types import Answer, Citation, Document, Turn


class Answering(Protocol):
    """The part of ``ragkit.pipeline.Pipeline`` that the app uses."""

    def stream(
        self, question: str, *, history: Sequence[Turn] = (), scope: str = ""
    ) -> Iterator[Answer]:
        """Growing answers: the first holds the quotations, the last is final."""
        ...

    def section_view(self, citation: Citation) -> SectionView:
        """The section that a citation points into."""
        ...

    def documents(self) -> tuple[Document, ...]:
        """The documents that answers are drawn from."""
        ...
