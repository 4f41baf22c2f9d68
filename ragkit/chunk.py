"""Cut sections into chunks: whole sentences and whole list items of one section, never across.

langchain-text-splitters does the merging: it is given the numbers of the sentences instead of their
text, with a length function that knows how long each is, so that it cannot cut one in two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from langchain_text_splitters import CharacterTextSplitter

from ragkit.types import Chunk, ParsedDocument, Section, Sentence, SentenceKind
from ragkit.words import reading_form

_BREAK = "\x1e"
_INDEXED = frozenset(SentenceKind) - {SentenceKind.HEADING}


@dataclass(frozen=True, slots=True)
class ChunkConfig:
    """How large chunks are, in characters of reading form."""

    max_chars: int = 700  # with the context line this stays inside the embedder's 256 tokens
    overlap_chars: int = 0  # evidence is chosen by sentence, so a cut between chunks costs little

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_chars < self.max_chars:
            raise ValueError("chunk: 0 <= overlap_chars < max_chars must hold")


def chunk(parsed: ParsedDocument, config: ChunkConfig) -> tuple[Chunk, ...]:
    """The chunks of a document in text order; sections without sentences give none."""
    by_id = {s.id: s for s in parsed.sentences}
    return tuple(
        made
        for section in parsed.sections
        for made in _chunk_section(parsed, section, by_id, config)
    )


def _chunk_section(
    parsed: ParsedDocument, section: Section, by_id: dict[str, Sentence], config: ChunkConfig
) -> Iterator[Chunk]:
    sentences = [s for s in parsed.sentences if s.section_id == section.id and s.kind in _INDEXED]
    if not sentences:
        return
    items = list(_items(parsed.document.text, sentences))
    for first, last in _merge(items, config):
        members = [s for item in items[first : last + 1] for s in item]
        start, end = members[0].start, members[-1].end
        yield Chunk(
            id=f"{parsed.document.content_hash[:12]}:{start}-{end}",
            document_id=parsed.document.id,
            section_id=section.id,
            start=start,
            end=end,
            text=parsed.document.text[start:end],
            context=_context(parsed, section, members, by_id),
            sentence_ids=tuple(s.id for s in members),
        )


def _items(text: str, sentences: Sequence[Sentence]) -> Iterator[tuple[Sentence, ...]]:
    """Sentences that stay together: those of one list item, otherwise each alone."""
    keys, key = [], 0
    for place, sentence in enumerate(sentences):
        before = sentences[place - 1] if place else None
        same_item = (
            before is not None
            and sentence.kind is before.kind is SentenceKind.BULLET
            and "\n" not in text[before.end : sentence.start]
        )
        key += not same_item
        keys.append(key)
    for _, group in groupby(zip(keys, sentences, strict=True), key=lambda pair: pair[0]):
        yield tuple(s for _, s in group)


def _merge(items: Sequence[tuple[Sentence, ...]], config: ChunkConfig) -> Iterator[tuple[int, int]]:
    """First and last item of each chunk."""
    lengths = [sum(len(reading_form(s.text)) + 1 for s in item) for item in items]
    splitter = CharacterTextSplitter(
        separator=_BREAK,
        chunk_size=config.max_chars,
        chunk_overlap=config.overlap_chars,
        length_function=lambda joined: sum(lengths[int(n)] for n in joined.split(_BREAK) if n),
    )
    for merged in splitter.split_text(_BREAK.join(str(n) for n in range(len(items)))):
        numbers = merged.split(_BREAK)
        yield int(numbers[0]), int(numbers[-1])


def _context(
    parsed: ParsedDocument,
    section: Section,
    members: Sequence[Sentence],
    by_id: dict[str, Sentence],
) -> str:
    """Document, section path, and what introduces the first sentence if that stands elsewhere."""
    own = {s.id for s in members}
    parts = [parsed.document.title, *section.path]
    parts += [reading_form(s.text) for s in introductions(members[0], by_id) if s.id not in own]
    return " > ".join(parts)


def introductions(sentence: Sentence, by_id: dict[str, Sentence]) -> tuple[Sentence, ...]:
    """What introduces a sentence: lead-ins, or the header row and its caption, outermost first."""
    found: list[Sentence] = []
    above = by_id.get(sentence.introduced_by)
    while above is not None and above not in found:
        found.insert(0, above)
        above = by_id.get(above.introduced_by)
    return tuple(found)
