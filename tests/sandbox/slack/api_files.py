"""files.*: an upload in three steps, as the method pages of files.getUploadURLExternal and completeUploadExternal say."""

from __future__ import annotations

import re
import secrets
from typing import Any

from aiohttp import web

from tests.sandbox.slack.arguments import Arguments, Refused, refused_arguments
from tests.sandbox.slack.reach import visible_channel
from tests.sandbox.slack.state import Json, Message, State, Upload

LONGEST_FILE = 1024 * 1024
_CHANNEL_ID = re.compile(r"[CGDZ][A-Z0-9]{8,}")


def get_upload_url(state: State, args: Arguments) -> Json:
    name, length = args.required("filename"), args.required("length")
    if not length.isdigit() or int(length) < 1:
        raise refused_arguments(["[ERROR] must be greater than 0 [json-pointer:/length]"])
    if int(length) > LONGEST_FILE:
        raise Refused("file_upload_size_restricted")
    upload = Upload(f"F0{secrets.token_hex(4).upper()}", name, int(length), secrets.token_urlsafe(18))
    state.uploads[upload.id] = upload
    return {"file_id": upload.id, "upload_url": f"{state.base_url}/upload/v1/{upload.token}"}


async def take(state: State, request: web.Request) -> web.Response:
    """The address that was given for one file: it takes its bytes, as many as were announced, once."""
    if state.faults.outage:
        return web.Response(status=503, text="Service Unavailable")
    body = await _bytes(request)
    with state.lock:
        upload = next((u for u in state.uploads.values() if u.token == request.match_info["token"]), None)
        if upload is None or upload.text is not None:
            return web.Response(status=404, text="Not Found")
        if len(body) != upload.length:
            return web.Response(status=400, text="Bad Request")
        upload.text = body.decode(errors="replace")
    return web.Response(text=f"OK - {len(body)}")


async def _bytes(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    form = await request.post()
    field: Any = next(iter(form.values()), b"")
    return field.encode() if isinstance(field, str) else field.file.read()


def complete_upload(state: State, args: Arguments) -> Json:
    wanted = args.document("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, dict) for one in wanted):
        raise refused_arguments(["[ERROR] missing required field: files"])
    uploads = [_uploaded(state, one) for one in wanted]
    files = [{"id": upload.id, "title": str(one.get("title") or upload.name)} for upload, one in uploads]
    if args.text("channel_id"):
        _share(state, args, [upload for upload, _ in uploads])
    for upload, _ in uploads:
        upload.done = True
    return {"files": files}


def _uploaded(state: State, wanted: Json) -> tuple[Upload, Json]:
    """Of what was announced, only what came, and only once."""
    upload = state.uploads.get(str(wanted.get("id")))
    if upload is None or upload.text is None or upload.done:
        raise Refused("file_not_found")
    return upload, wanted


def _share(state: State, args: Arguments, uploads: list[Upload]) -> None:
    """As a message with the files; membership is needed, whatever else the app may write."""
    channel_id = args.text("channel_id")
    if not _CHANNEL_ID.fullmatch(channel_id):
        raise refused_arguments(
            ["[ERROR] input must match regex pattern: ^[CGDZ][A-Z0-9]{8,}$ [json-pointer:/channel_id]"]
        )
    channel = visible_channel(state, channel_id)
    if channel.is_archived:
        raise Refused("is_archived")
    if state.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    parent = state.find(channel.id, args.text("thread_ts")) if args.text("thread_ts") else None
    if args.text("thread_ts") and parent is None:
        raise Refused("invalid_thread_ts")
    state.store(
        Message(
            ts=state.next_ts(),
            channel=channel.id,
            user=state.bot_user_id,
            text=args.text("initial_comment"),
            blocks=[],
            thread_ts=parent.ts if parent else None,
            at=state.clock(),
            bot_id=state.bot_id,
            files=tuple({"id": u.id, "name": u.name, "size": u.length, "text": u.text} for u in uploads),
        )
    )
