"""Look at what ragkit needs, and name the cure for what is missing."""

import importlib.metadata
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ragkit.config import Config
from ragkit.embed import model_id
from ragkit.errors import RagkitError
from ragkit.gazetteer import load_gazetteer
from ragkit.index import open_library
from ragkit.llama import check_gguf
from ragkit.models import find_models
from ragkit.prompts import load_prompt, prompts_dir
from ragkit.write import REWORD_VARIABLES

_PACKAGES = (
    "sentence-transformers",
    "torch",
    "faiss-cpu",
    "langchain-text-splitters",
    "llama-cpp-python",
    "gradio",
    "sentencex",
)
_LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing looked at; the detail of a fault ends with its cure."""

    subject: str
    is_fine: bool
    detail: str


def examine(config: Config) -> Iterator[DoctorFinding]:
    """Look at packages, models, prompts, the index and the disk; nothing is changed."""
    for name in _PACKAGES:
        yield _package(name)
    yield _sqlite()
    yield _try("embedding model", lambda: model_id(config.embed))
    yield _language_model(config)
    yield _try("prompts", _prompts)
    yield _try("gazetteer", lambda: f"{len(load_gazetteer().entities)} names")
    yield _try("index", lambda: _index(config))
    yield _disk(config)
    yield DoctorFinding("network", True, "not used: models come from wheels or from your disk")


def _try(subject: str, look: Callable[[], str]) -> DoctorFinding:
    try:
        return DoctorFinding(subject, True, look())
    except RagkitError as error:
        return DoctorFinding(subject, False, str(error))


def _package(name: str) -> DoctorFinding:
    try:
        return DoctorFinding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return DoctorFinding(name, False, "not installed: run 'make setup'")


def _sqlite() -> DoctorFinding:
    with sqlite3.connect(":memory:") as db:
        options = {row[0] for row in db.execute("PRAGMA compile_options")}
    if "ENABLE_FTS5" in options:
        return DoctorFinding("SQLite", True, f"{sqlite3.sqlite_version} with FTS5")
    return DoctorFinding("SQLite", False, "built without FTS5: use a Python that has it")


def _language_model(config: Config) -> DoctorFinding:
    def look() -> str:
        found = find_models([Path(config.model.path)] if config.model.path else [])
        for model in found:
            check_gguf(model.path)
        return ", ".join(m.name for m in found)

    finding = _try("language model", look)
    if finding.is_fine and not finding.detail:
        cure = "none found: run 'make setup', or answer in quotations with --no-llm"
        return DoctorFinding("language model", False, cure)
    return finding


def _prompts() -> str:
    template = load_prompt(prompts_dir() / "reword.md", variables=REWORD_VARIABLES)
    return f"reword {template.digest[:12]}"


def _index(config: Config) -> str:
    library = open_library(config.index_dir, embedder=model_id(config.embed))
    return (
        f"{library.digest}: {len(library.documents)} documents, "
        f"{len(library.sentences):,} sentences, {len(library.chunks):,} chunks"
    )


def _disk(config: Config) -> DoctorFinding:
    folder = config.index_dir if config.index_dir.is_dir() else config.index_dir.absolute().parent
    free = shutil.disk_usage(folder if folder.is_dir() else ".").free
    detail = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        return DoctorFinding("disk", False, f"{detail}: make room before 'ragkit ingest'")
    return DoctorFinding("disk", True, detail)
