"""The page's own files, with the headers that keep anything but them from running in it."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

PAGE = Path(__file__).parent / "page"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # Text becomes a part of the page as text, or not at all: what would parse it as HTML raises.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def routes() -> list[web.RouteDef]:
    return [web.get("/", _front), web.get("/page/{name}", _file)]


async def _front(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(PAGE / "index.html", headers=HEADERS)


async def _file(request: web.Request) -> web.StreamResponse:
    wanted = request.match_info["name"]
    known = {path.name: path for path in PAGE.iterdir()}
    if wanted not in known:
        raise web.HTTPNotFound
    return web.FileResponse(known[wanted], headers=HEADERS)
