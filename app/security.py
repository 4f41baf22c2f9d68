"""The walls around the web server: who may ask, for which paths, and what a page may load."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        # Gradio starts from inline scripts and styles; nothing may come from, or go to, elsewhere.
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Gradio serves some sixty routes: uploads, files, a proxy, recordings, code editing. The page needs
# these; a name that ends in "/" stands for everything below it.
OPEN_PATHS = (
    "/",
    "/assets/",
    "/config",
    "/favicon.ico",
    "/manifest.json",
    "/static/",
    "/svelte/",
    "/theme.css",
    "/gradio_api/cancel",
    "/gradio_api/heartbeat/",
    "/gradio_api/info",
    "/gradio_api/queue/data",
    "/gradio_api/queue/join",
    "/gradio_api/reset",
    "/gradio_api/startup-events",
    "/gradio_api/theme.css",
)


class SecurityHeaders:
    """Puts `HEADERS` on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; streamed responses stay streamed."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OpenPaths:
    """Answers 404 for every path but `OPEN_PATHS`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests for open paths on."""
        if scope["type"] == "http" and not is_open(scope["path"]):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def is_open(path: str) -> bool:
    """Whether the page needs this path."""
    return any(
        path == name or (name.endswith("/") and name != "/" and path.startswith(name))
        for name in OPEN_PATHS
    )


def middleware(*, hosts: Sequence[str]) -> list[Middleware]:
    """The walls, outermost first; `hosts` are the names that the page may be asked for by.

    Otherwise somebody else's name that leads to this machine could read the page (DNS rebinding).
    """
    return [
        Middleware(SecurityHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        Middleware(OpenPaths),
    ]
