"""Fixtures that every test may use; those of one subject stand beside its tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ragkit.config import Config
from ragkit.embed import EmbedConfig, SentenceTransformerEmbedder
from ragkit.index import Library, open_library
from ragkit.ingest import ingest
from ragkit.load import find_files, load, read_source
from ragkit.parse import parse
from ragkit.pipeline import Pipeline, assemble
from ragkit.types import ParsedDocument

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT.parent / "shared" / "corpus"
GOLDEN = ROOT / "tests" / "golden"
SMALL_CORPUS = ROOT / "tests" / "data" / "corpus"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option of ours."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the files in tests/golden/ instead of comparing with them",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the reports, so that no test has to say it twice."""
    for item in items:
        if isinstance(item, pytest.Function) and "reports" in item.fixturenames:
            item.add_marker(pytest.mark.reports)


@pytest.fixture(scope="session")
def reports() -> Path:
    """The folder of the source reports; they are not ours to ship, so they may be absent."""
    if not any(REPORTS.glob("*.txt")):
        pytest.skip("the source reports are not in ../shared/corpus")
    return REPORTS


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    """The real embedder, loaded once."""
    return SentenceTransformerEmbedder(EmbedConfig())


@pytest.fixture(scope="session")
def parsed_reports(reports: Path) -> dict[str, ParsedDocument]:
    """The source reports, parsed, by id."""
    parsed = (parse(load(read_source(f))) for f in find_files([reports]))
    return {p.document.id: p for p in parsed}


@pytest.fixture(scope="session")
def report_pipeline(
    reports: Path,
    embedder: SentenceTransformerEmbedder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pipeline:
    """The source reports, ingested, answering in quotations."""
    return _pipeline(reports, embedder, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="session")
def note_pipeline(
    embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> Pipeline:
    """The shipped evidence notes, ingested, answering in quotations."""
    return _pipeline(ROOT / "corpus", embedder, tmp_path_factory.mktemp("notes"))


def _pipeline(folder: Path, embedder: SentenceTransformerEmbedder, index: Path) -> Pipeline:
    config = Config(index=str(index))
    ingest([folder], config, embedder=embedder)
    library = open_library(config.index_dir, embedder=embedder.model_id)
    return assemble(library, embedder, config, None)


@pytest.fixture(scope="session")
def small_corpus() -> Path:
    """Three short invented documents and their register."""
    return SMALL_CORPUS


@pytest.fixture(scope="session")
def small_index(
    small_corpus: Path,
    embedder: SentenceTransformerEmbedder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """An index of the small corpus; read it, do not change it."""
    index = tmp_path_factory.mktemp("small") / "index"
    ingest([small_corpus], Config(index=str(index)), embedder=embedder)
    return index


@pytest.fixture(scope="session")
def small_library(small_index: Path, embedder: SentenceTransformerEmbedder) -> Library:
    """The small index, open."""
    return open_library(small_index, embedder=embedder.model_id)


@pytest.fixture(scope="session")
def small_pipeline(small_library: Library, embedder: SentenceTransformerEmbedder) -> Pipeline:
    """The small corpus, answering in quotations."""
    return assemble(small_library, embedder, Config(), None)


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in tests/golden/, or rewrite the file."""
    update = bool(request.config.getoption("--update-golden"))

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file():
            pytest.fail(f"tests/golden/{name} is missing: run pytest --update-golden, then read it")
        assert text == path.read_text(encoding="utf-8"), f"tests/golden/{name} differs"

    return check
