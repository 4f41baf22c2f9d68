"""Names of places, programmes and organisations, and words that mean the same.

The gazetteer is a file, so that someone who knows the areas can mend it without code.
"""

import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import ConfigError
from ragkit.types import Section
from ragkit.words import tokens

DEFAULT_PATH = Path(__file__).parent / "gazetteer.toml"
_LONG_FORM = re.compile(r"((?:[\w'’&-]+\s+){1,9}[\w'’&-]+)\s+\(([A-Z][A-Za-z&]{1,9}s?)\)")


class _EntityEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    aliases: list[str] = []
    parents: list[str] = []
    document: str = ""
    section: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successors: list[str] = []


class _SynonymEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    terms: list[str]


class _GazetteerFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    place: list[_EntityEntry] = []
    programme: list[_EntityEntry] = []
    organisation: list[_EntityEntry] = []
    synonym: list[_SynonymEntry] = []


@dataclass(frozen=True, slots=True)
class Entity:
    """A place, a programme or an organisation."""

    id: str
    kind: str  # "place", "programme" or "organisation"
    name: str
    aliases: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    document: str = ""  # id of the document that describes it
    section: str = ""  # number of the section there; "" for the whole document
    valid_from: date | None = None  # its first day, where it is known
    valid_to: date | None = None  # its last day; None while it exists or where it is not known
    successors: tuple[str, ...] = ()  # ids of what took its place

    @property
    def names(self) -> tuple[str, ...]:
        """Every way to write it, the proper name first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity named in a text, at tokens[first:last]."""

    entity: Entity
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Finds entities in text and knows which words stand for the same thing."""

    entities: tuple[Entity, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    _names: dict[tuple[str, ...], Entity] = field(init=False, repr=False, compare=False)
    _terms: dict[tuple[str, ...], tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _by_id: dict[str, Entity] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {tuple(tokens(n)): e for e in self.entities for n in e.names}
        object.__setattr__(self, "_by_id", {e.id: e for e in self.entities})
        groups = {tuple(tokens(t)): group for group in self.synonyms for t in group}
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_terms", groups)

    def __contains__(self, identity: str) -> bool:
        return identity in self._by_id

    def find(self, text: str) -> tuple[Mention, ...]:
        """The entities named in a text, longest names first at each place."""
        words = tokens(text)
        found, place = [], 0
        while place < len(words):
            length = _longest(self._names, words, place)
            if length:
                entity = self._names[tuple(words[place : place + length])]
                found.append(Mention(entity, place, place + length))
            place += length or 1
        return tuple(found)

    def described(self, entity: Entity) -> tuple[Entity, ...]:
        """What the documents describe of an entity: itself, or else the areas that it serves."""
        if entity.document or not entity.parents:
            return (entity,)
        return tuple(d for p in entity.parents for d in self.described(self._by_id[p]))

    def subjects_in(self, text: str) -> frozenset[str]:
        """Ids of what a text names, each as the documents describe it."""
        return frozenset(d.id for m in self.find(text) for d in self.described(m.entity))

    def successors(self, entity: Entity) -> tuple[Entity, ...]:
        """What took the place of an entity that has ended; empty where nothing is known."""
        return tuple(self._by_id[i] for i in entity.successors)

    def equivalents(self, text: str) -> tuple[str, ...]:
        """Other words for what a text names; names of entities are not among them."""
        words = tokens(text)
        found: dict[str, None] = {}
        for place in range(len(words)):
            length = _longest(self._terms, words, place)
            if length:
                key = tuple(words[place : place + length])
                found.update((t, None) for t in self._terms[key] if tuple(tokens(t)) != key)
        return tuple(found)

    def of_section(self, section: Section) -> frozenset[str]:
        """Ids of the entities that a section describes: by its path, or by the gazetteer."""
        named = {i for label in section.path for i in self.subjects_in(label)}
        for entity in self.entities:
            if entity.document == section.document_id and _lies_in(section, entity.section):
                named.add(entity.id)
        return frozenset(named)

    def related(self, ids: Iterable[str]) -> frozenset[str]:
        """These entities and all that are described in the same section as one of them."""
        wanted = frozenset(ids)
        places = {(e.document, e.section) for e in self.entities if e.id in wanted and e.section}
        return wanted | {e.id for e in self.entities if (e.document, e.section) in places}

    def with_aliases(self, pairs: Iterable[tuple[str, str]]) -> "Gazetteer":
        """This gazetteer with (abbreviation, long form) pairs as further synonyms."""
        known = set(self._terms) | set(self._names)
        extra = [p for p in pairs if not known.intersection(tuple(tokens(n)) for n in p)]
        return Gazetteer(self.entities, (*self.synonyms, *extra))


def _longest(names: Container[tuple[str, ...]], words: Sequence[str], place: int) -> int:
    for length in range(min(9, len(words) - place), 0, -1):
        if tuple(words[place : place + length]) in names:
            return length
    return 0


def _lies_in(section: Section, number: str) -> bool:
    if not number:
        return True
    return section.cited_number == number or section.cited_number.startswith(f"{number}.")


def load_gazetteer(path: Path = DEFAULT_PATH) -> Gazetteer:
    """Read a gazetteer file.

    Raises:
        ConfigError: the file cannot be read, has an unknown key, gives a name to two entities, or
            names a parent or successor that it does not hold.
    """
    try:
        with path.open("rb") as file:
            data = _GazetteerFile.model_validate(tomllib.load(file))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        line = " ".join(str(error).split())
        raise ConfigError(f"cannot read the gazetteer '{path}': {line}") from error
    entities = tuple(_entities(data))
    owners: dict[tuple[str, ...], str] = {}
    for entity in entities:
        for name in entity.names:
            owner = owners.setdefault(tuple(tokens(name)), entity.id)
            if owner != entity.id:
                raise ConfigError(f"'{path}': '{name}' names both '{owner}' and '{entity.id}'")
    known = {e.id for e in entities}
    for entity in entities:
        for other in (*entity.parents, *entity.successors):
            if other not in known:
                raise ConfigError(f"'{path}': '{entity.id}' names '{other}', which is not there")
    return Gazetteer(entities, tuple(tuple(s.terms) for s in data.synonym))


def _entities(data: _GazetteerFile) -> Iterator[Entity]:
    kinds = (
        ("place", data.place),
        ("programme", data.programme),
        ("organisation", data.organisation),
    )
    for kind, entries in kinds:
        for e in entries:
            yield Entity(
                id=e.id,
                kind=kind,
                name=e.name,
                aliases=tuple(e.aliases),
                parents=tuple(e.parents),
                document=e.document,
                section=e.section,
                valid_from=e.valid_from,
                valid_to=e.valid_to,
                successors=tuple(e.successors),
            )


def find_abbreviations(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs (abbreviation, long form) written as ``long form (ABBR)``.

    The long form is the shortest run of words before the bracket whose letters give the
    abbreviation in order, the first letter at the start of a word (Schwartz and Hearst 2003).
    """
    pairs: dict[str, str] = {}
    for match in _LONG_FORM.finditer(text):
        short = match.group(2).removesuffix("s")
        words = match.group(1).split()
        for first in range(len(words) - 1, -1, -1):
            long = " ".join(words[first:])
            if len(words) - first >= 2 and _spells(short, long):
                pairs.setdefault(short, long)
                break
    return tuple(pairs.items())


def _spells(short: str, long: str) -> bool:
    if short[0].casefold() != long[0].casefold():
        return False
    rest = iter(long.casefold())
    return all(c in rest for c in short.casefold() if c.isalnum())
