"""Interactions as the app answers them: the first answer, then edits and followups by the interaction's token."""

from sandbox.discord_deeds import CHOICES, FORM, MESSAGE, NOTHING_YET, THINKING, UPDATE, Interaction, Modal
from sandbox.discord_judge import judge_choices, judge_message, judge_modal, judge_promise
from sandbox.discord_people import EPHEMERAL, Json, Message
from sandbox.discord_permissions import BITS
from sandbox.discord_shapes import APPLICATION, app_permissions, message_json
from sandbox.discord_wire import Call, Refusal, Sent

GUEST_FOLLOWUPS = 5  # of an app that only the person has installed


def answer(call: Call) -> Json | None:
    """Take the first answer to an interaction; it has to come within three seconds, and once."""
    deed = call.discord.interactions.get(call.named["token"])
    if deed is None or str(deed.id) != call.named["interaction"] or deed.failed:
        raise Refusal(10062)
    if deed.callback is not None:
        raise Refusal(40060)
    age = call.discord.age(deed.born)
    if age > call.discord.patience:
        deed.failed = "The application did not respond"
        raise Refusal(10062)
    body = call.object()
    kind = body.get("type")
    if kind not in _allowed(deed):
        raise Refusal(50035, {"type": {"_errors": [{"code": "INVALID", "message": f"{kind} does not fit here"}]}})
    _act(call, deed, int(kind), body.get("data") or {})
    deed.callback, deed.seconds = body, age
    call.discord.wake()
    return _receipt(call, deed, int(kind)) if call.query.get("with_response") in ("1", "true") else None


def _allowed(deed: Interaction) -> set[int]:
    if deed.kind == "autocomplete":
        return {CHOICES}
    allowed = {MESSAGE, THINKING}
    allowed |= {NOTHING_YET, UPDATE} if deed.message is not None and deed.kind != "menu" else set()
    return allowed | (set() if deed.from_modal else {FORM})


def _act(call: Call, deed: Interaction, kind: int, said: Json) -> None:
    if kind == CHOICES:
        judge_choices(call, said)
        deed.choices = list(said.get("choices") or [])
    elif kind == FORM:
        judge_modal(call, said)
        deed.modal = Modal(said, deed)
    elif kind == THINKING:
        judge_promise(call)
        only = deed.user if int(said.get("flags") or 0) & EPHEMERAL else None
        deed.original = call.discord.publish(deed.channel, {}, via="interaction", only_for=only, loading=True)
    elif kind == MESSAGE:
        deed.original = _show(call, deed, said, at="/data")
    else:
        deed.original = deed.message
        if kind == NOTHING_YET:
            judge_promise(call)
        if kind == UPDATE and deed.message is not None:
            _edit(call, deed, deed.message, said, at="/data")


def _receipt(call: Call, deed: Interaction, kind: int) -> Json:
    about: Json = {"id": str(deed.id), "type": deed.payload["type"]}
    resource: Json = {"type": kind}
    if deed.original is not None:
        about |= {
            "response_message_id": str(deed.original.id),
            "response_message_loading": deed.original.loading,
            "response_message_ephemeral": deed.original.ephemeral,
        }
        if kind != NOTHING_YET:
            resource["message"] = message_json(deed.original, call.discord.origin)
    return {"interaction": about, "resource": resource}


# --- by the token -----------------------------------------------------------------------------------------------------


def _deed(call: Call) -> Interaction:
    deed = call.discord.interactions.get(call.named["token"])
    if deed is None or call.named["application"] != str(APPLICATION):
        raise Refusal(10015)
    if call.discord.age(deed.born) > call.discord.token_seconds:
        raise Refusal(50027)
    if deed.callback is None:
        raise Refusal(10015)
    return deed


def followup(call: Call) -> Json:
    """Show a further message; while the app is still thinking it fills the promised one instead, as public as that."""
    deed, said = _deed(call), call.object()
    if deed.deleted_original and not call.discord.followup_after_delete and not deed.followups:
        raise Refusal(10008)
    outside = deed.guild is not None or not deed.channel.with_app
    if deed.is_guest and outside and len(deed.followups) >= GUEST_FOLLOWUPS:
        raise Refusal(40094)
    if deed.original is not None and deed.original.loading and not deed.original.deleted:
        _edit(call, deed, deed.original, said)
        return message_json(deed.original, call.discord.origin)
    message = _show(call, deed, said)
    deed.followups.append(message)
    return message_json(message, call.discord.origin)


def fetch(call: Call) -> Json:
    """Return a message of the interaction."""
    return message_json(_message(call, _deed(call)), call.discord.origin)


def edit(call: Call) -> Json:
    """Edit a message of the interaction; nothing makes a private one public."""
    deed = _deed(call)
    message = _message(call, deed)
    _edit(call, deed, message, call.object())
    return message_json(message, call.discord.origin)


def remove(call: Call) -> None:
    """Delete a message of the interaction."""
    deed = _deed(call)
    message = _message(call, deed)
    if message is deed.original:
        deed.deleted_original = True
    call.discord.delete(message)
    deed.changes += 1


def _message(call: Call, deed: Interaction) -> Message:
    wanted = call.named.get("message", "@original")
    if deed.original is not None and wanted in ("@original", str(deed.original.id)):
        found: Message | None = deed.original
    else:
        found = next((one for one in deed.followups if str(one.id) == wanted), None)
    if found is None or found.deleted:
        raise Refusal(10008)
    return found


def _show(call: Call, deed: Interaction, said: Json, at: str = "") -> Message:
    judge_message(call, said, at=at)
    _may_attach(call, deed, call.files)
    only = deed.user if int(said.get("flags") or 0) & EPHEMERAL else None
    deed.changes += 1
    return call.discord.publish(deed.channel, said, via="interaction", files=call.files, only_for=only)


def _edit(call: Call, deed: Interaction, message: Message, said: Json, at: str = "") -> None:
    judge_message(call, said, at=at, before=message)
    _may_attach(call, deed, call.files)
    deed.changes += 1
    call.discord.change(message, said, call.files)


def _may_attach(call: Call, deed: Interaction, files: list[Sent]) -> None:
    if files and not app_permissions(call.discord, deed) & BITS["attach_files"]:
        raise Refusal(50013)
