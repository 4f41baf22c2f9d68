"""Answers as the evaluation reads them: the JSON of ``ragkit ask --json``, from any system.

A system that writes this JSON, one object a line, can be scored beside ragkit.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ragkit.errors import CorpusError
from ragkit.types import Origin, Status
from ragkit.words import reading_form


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Said(_Part):
    """A sentence as shown."""

    text: str
    origin: Origin
    citations: tuple[int, ...] = ()


class Cited(_Part):
    """A place that is cited."""

    n: int
    document_id: str
    document_title: str = ""
    section_number: str
    section_title: str
    section_path: str = ""
    quote: str
    start: int = 0
    end: int = 0


class Retrieved(_Part):
    """A passage that was found, best first."""

    document_id: str
    section_number: str
    section_title: str


class Times(_Part):
    """Seconds."""

    retrieve_s: float = 0.0
    select_s: float = 0.0
    write_s: float = 0.0
    total_s: float = 0.0


class Record(_Part):
    """One answer; `confidence` is ours alone and may be left out."""

    id: str
    status: Status
    sentences: tuple[Said, ...]
    citations: tuple[Cited, ...]
    retrieved: tuple[Retrieved, ...]
    timings: Times = Times()
    confidence: float = 0.5

    @property
    def claims(self) -> tuple[Said, ...]:
        """The sentences that say something about the subject."""
        return tuple(s for s in self.sentences if s.origin is not Origin.NOTICE)

    @property
    def shown(self) -> str:
        """What is said about the subject, in one line without markers."""
        return " ".join(reading_form(s.text) for s in self.claims)

    @property
    def used(self) -> tuple[Cited, ...]:
        """The citations that a shown sentence points at, in order."""
        wanted = {n for s in self.claims for n in s.citations}
        return tuple(c for c in self.citations if c.n in wanted)

    def cited_by(self, sentence: Said) -> tuple[Cited, ...]:
        """The citations of one sentence."""
        return tuple(c for c in self.citations if c.n in sentence.citations)


def read_records(path: Path) -> tuple[Record, ...]:
    """The answers of a file.

    Raises:
        CorpusError: the file cannot be read or a line is no answer.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(Record.model_validate_json(line) for line in lines if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read the answers '{path}': {error}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(p) for p in fault["loc"])
        raise CorpusError(f"'{path}' holds a line that is no answer: {where} {fault['msg']}") from (
            error
        )


def write_records(path: Path, records: Sequence[Record]) -> None:
    """One answer a line, as `read_records` reads them."""
    text = "".join(f"{r.model_dump_json()}\n" for r in records)
    path.write_text(text, encoding="utf-8")
