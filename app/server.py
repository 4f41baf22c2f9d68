"""Serves the page on this computer only; whatever calls out or stores text is turned off."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from app.look import head, theme
from app.security import middleware
from ragkit.errors import ConfigError

HOST = "127.0.0.1"
DEFAULT_PORT = 7860


@dataclass(frozen=True, slots=True)
class Server:
    """A page that is being served."""

    url: str
    wait: Callable[[], None]  # returns when the server was interrupted
    close: Callable[[], None]


def serve(app: gr.Blocks, *, port: int = DEFAULT_PORT) -> Server:
    """Start serving `app` in the background.

    Raises:
        ConfigError: the port is taken.
    """
    _require_free(port)
    _, url, _ = app.launch(
        server_name=HOST,
        server_port=port,
        theme=theme(),
        head=head(),
        app_kwargs={
            "openapi_url": None,
            "docs_url": None,
            "redoc_url": None,
            "middleware": middleware(hosts=(HOST, "localhost")),
        },
        run_history=False,
        footer_links=[],
        enable_monitoring=False,
        share=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        strict_cors=True,
        show_error=False,
        max_file_size="50mb",
        allowed_paths=[],
        prevent_thread_lock=True,
        quiet=True,
    )
    return Server(url=url, wait=app.block_thread, close=app.close)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # A server that was stopped a moment ago must not keep its port from the next one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} is in use or not allowed, perhaps because this page is open already: "
                f"close that, or choose another port, for example --port {port + 1}"
            ) from error
