"""The command ``python -m app``: opens the index and serves the chat."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.page import build_app
from app.server import DEFAULT_PORT, serve
from ragkit.config import load_config
from ragkit.errors import RagkitError
from ragkit.pipeline import Pipeline


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chat until it is interrupted; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        config = load_config(options.config, index=options.index)
        pipeline = Pipeline.open(config, use_model=not options.no_llm)
        server = serve(build_app(pipeline), port=options.port)
    except RagkitError as error:
        _say(f"error: {error}")
        return 1
    _say(f"The chat is open at {server.url} (stop it with Ctrl+C)")
    server.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Ask the reports in a browser, on this computer only.",
        epilog="example: python -m app --port 7861 --no-llm",
    )
    parser.add_argument("--index", type=Path, help="folder of the index")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument("--no-llm", action="store_true", help="quote only, without the model")
    parser.add_argument("--config", type=Path, help="a ragkit.toml with settings")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port: choose one from 1 to 65535")
    return port


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
