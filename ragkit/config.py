"""One TOML file, read once at the edge, into one frozen part for each stage."""

import hashlib
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ragkit.chunk import ChunkConfig
from ragkit.embed import EmbedConfig
from ragkit.errors import ConfigError
from ragkit.gazetteer import DEFAULT_PATH
from ragkit.retrieve import RetrieveConfig
from ragkit.select import SelectConfig
from ragkit.verify import VerifyConfig
from ragkit.write import WriteConfig

CONFIG_NAME = "ragkit.toml"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which language model words the answers."""

    path: str = ""  # a GGUF file; "" for the bundled SmolLM2-135M-Instruct
    folder: str = ""  # a folder of further GGUF files for `ragkit models list`
    threads: int = 2
    context_tokens: int = 2048
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting; a stage gets its own part."""

    index: str = "index"  # folder of the index
    gazetteer: str = ""  # a file; "" for the one that ships with ragkit
    chunk: ChunkConfig = field(default_factory=ChunkConfig)
    embed: EmbedConfig = field(default_factory=EmbedConfig)
    retrieve: RetrieveConfig = field(default_factory=RetrieveConfig)
    select: SelectConfig = field(default_factory=SelectConfig)
    write: WriteConfig = field(default_factory=WriteConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    model: ModelConfig = field(default_factory=ModelConfig)

    @property
    def index_dir(self) -> Path:
        """The folder of the index."""
        return Path(self.index)

    @property
    def gazetteer_path(self) -> Path:
        """The gazetteer's file."""
        return Path(self.gazetteer) if self.gazetteer else DEFAULT_PATH

    @property
    def index_digest(self) -> str:
        """Digest of the settings that shape an index; another one means it is built anew."""
        return hashlib.sha256(repr(asdict(self.chunk)).encode()).hexdigest()[:12]


_ADAPTER = TypeAdapter(Config)


def load_config(path: Path | None = None, *, index: Path | None = None) -> Config:
    """Read a configuration file; without one, `ragkit.toml` here if it exists, else the defaults.

    Raises:
        ConfigError: the file cannot be read, or holds an unknown key or a value out of range.
    """
    file = path or Path(CONFIG_NAME)
    config = Config()
    if path is not None or file.is_file():
        config = _read(file)
    return replace(config, index=str(index)) if index is not None else config


def _read(file: Path) -> Config:
    try:
        with file.open("rb") as handle:
            data = tomllib.load(handle)
    except OSError as error:
        raise ConfigError(f"cannot read '{file}': {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"'{file}' is no TOML: {error}") from error
    _refuse_unknown(file, data)
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise ConfigError(f"'{file}': {where}: {first['msg']}") from error


def _refuse_unknown(file: Path, data: dict[str, object]) -> None:
    known = {f.name: f for f in fields(Config)}
    for key, value in data.items():
        if key not in known:
            raise ConfigError(f"'{file}': unknown setting '{key}': try {', '.join(known)}")
        default = getattr(Config(), key)
        if isinstance(value, dict):
            allowed = [f.name for f in fields(default)] if hasattr(default, "__slots__") else []
            for name in value:
                if name not in allowed:
                    raise ConfigError(
                        f"'{file}': unknown setting '{key}.{name}': try {', '.join(allowed)}"
                    )
