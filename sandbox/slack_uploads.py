"""files.*: an upload in three steps, and a file whose type is known only after a while."""

import json
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.slack_people import Json, Upload
from sandbox.slack_shapes import file_json
from sandbox.slack_wire import Call, Refusal

if TYPE_CHECKING:
    from sandbox.slack_office import Office

LOOKS_UNTIL_READY = 2  # files.info answers an empty type so often


def get_address(call: Call) -> Json:
    """Return where to send the bytes."""
    name, length = call.need("filename"), call.text("length")
    if not length.isdecimal() or int(length) <= 0:
        raise Refusal("invalid_arguments", response_metadata={"messages": ["[ERROR] length must be above 0"]})
    number = call.slack.new_id("F")
    call.slack.files[number] = Upload(
        number, call.team.id, name, int(length), call.app.bot_user, alt_text=call.text("alt_txt")
    )
    return {"upload_url": f"{call.slack.origin}/slack/upload/{number}", "file_id": number}


async def receive_upload(slack: "Office", request: Request) -> Response:
    """Take the bytes."""
    file = slack.files.get(str(request.path_params["file"]))
    trouble = slack.weather.take("upload", "")
    body = await request.body()
    if trouble is not None and trouble.kind.isdigit():
        return PlainTextResponse("Server Error", int(trouble.kind))
    if file is None or file.body is not None:
        return PlainTextResponse("no such upload", 404)
    if len(body) != file.length:
        return PlainTextResponse(f"expected {file.length} bytes, got {len(body)}", 400)
    file.body = body
    slack.wake()
    return PlainTextResponse(f"OK - {len(body)}")


def complete(call: Call) -> Json:
    """Finish uploads, and share them where a channel is named."""
    given = call.args.get("files")
    if not isinstance(given, list) or not given:
        raise Refusal("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: files"]})
    files = [_finished(call, one) for one in given]
    named = call.text("channel_id") or call.text("channels")
    for name in filter(None, named.split(",")):
        _share(call, files, name)
    return {"files": [file_json(file, call.slack.origin, ready=False) for file in files]}


def _finished(call: Call, given: Json) -> Upload:
    file = call.slack.files.get(str(given.get("id")))
    if file is None or file.body is None or file.team != call.team.id:
        raise Refusal("file_not_found")
    file.complete, file.title = True, str(given.get("title") or file.name)
    return file


def _share(call: Call, files: list[Upload], name: str) -> None:
    channel = call.slack.visible(call.team, name)
    if channel.archived:
        raise Refusal("is_archived")
    if call.app.bot_user not in channel.members:
        raise Refusal("not_in_channel")
    said = {"text": call.text("initial_comment")}
    thread = call.text("thread_ts") or None
    message = call.slack.publish(call.team, channel, said, via=call.method, thread_ts=thread)
    message.files = [file.id for file in files]
    for file in files:
        file.channels.append(channel.id)


def info(call: Call) -> Json:
    """Return a file; its type is empty at the first looks, as Slack still works on it."""
    file = call.slack.files.get(call.need("file"))
    if file is None or not file.complete or file.team != call.team.id:
        raise Refusal("file_not_found")
    file.asked += 1
    return {"file": file_json(file, call.slack.origin, ready=is_ready(file)), "comments": []}


def is_ready(file: Upload) -> bool:
    """Return whether Slack has looked at the file: only then an image block may show it."""
    return file.complete and file.asked > LOOKS_UNTIL_READY


def download(slack: "Office", request: Request) -> Response:
    """Return the bytes of a file to whom shows a bot token."""
    file = slack.files.get(str(request.path_params["file"]))
    token = request.headers.get("authorization", "").partition(" ")[2]
    if file is None or file.body is None:
        return PlainTextResponse("no such file", 404)
    app = slack.workspaces[file.team].installation
    if app is None or token not in app.tokens:
        return PlainTextResponse(json.dumps({"ok": False, "error": "not_authed"}), 403)
    return Response(file.body, media_type=str(file_json(file, slack.origin)["mimetype"]))


UPLOAD_METHODS = {
    "files.getUploadURLExternal": ("files:write", get_address),
    "files.completeUploadExternal": ("files:write", complete),
    "files.info": ("files:read", info),
}
