"""views.*: modals and home tabs."""

from sandbox.slack_people import Json, View
from sandbox.slack_shapes import view_json
from sandbox.slack_wire import Call, Refusal

STACK_MOST = 3
TRIGGER_SECONDS = 3.0


def _judged(call: Call, *, home: bool = False) -> Json:
    """Return the view given, after it was judged."""
    view = call.args.get("view")
    if view is None:
        raise Refusal("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    call.slack.judge_view(call.method, view, home=home)
    return dict(view)


def _shown(call: Call, view: View) -> Json:
    call.slack.wake()
    return {"view": view_json(view, call.team)}


def open_view(call: Call) -> Json:
    """Open a modal for the person whose deed the trigger stands for."""
    payload = _judged(call)
    interaction = call.slack.spend_trigger(call.team, call.need("trigger_id"))
    external = payload.get("external_id")
    if external and any(one.payload.get("external_id") == external for one in call.slack.views if one.open):
        raise Refusal("duplicate_external_id")
    return _shown(call, call.slack.open_view(call.team, interaction, payload))


def push(call: Call) -> Json:
    """Lay a modal over the one that is open; at most three lie on each other."""
    payload = _judged(call)
    interaction = call.slack.spend_trigger(call.team, call.need("trigger_id"))
    below = next((one for one in reversed(call.slack.views) if one.open and one.owner == interaction.user.id), None)
    if below is None:
        raise Refusal("invalid_trigger_id")
    if sum(one.open and one.root == below.root for one in call.slack.views) >= STACK_MOST:
        raise Refusal("push_limit_reached")
    return _shown(call, call.slack.open_view(call.team, interaction, payload, below=below))


def update(call: Call) -> Json:
    """Change a modal that is open."""
    payload = _judged(call)
    name, outside = call.text("view_id"), call.text("external_id")
    view = next(
        (
            one
            for one in call.slack.views
            if one.team == call.team.id and (one.id == name or (outside and one.payload.get("external_id") == outside))
        ),
        None,
    )
    if view is None or not view.open:
        raise Refusal("not_found")
    _same_hash(call, view)
    view.show(call.slack.with_ids(payload), call.slack.new_hash())
    return _shown(call, view)


def publish(call: Call) -> Json:
    """Fill a person's home tab."""
    payload = _judged(call, home=True)
    person = call.team.people.get(call.need("user_id"))
    if person is None:
        raise Refusal("user_not_found")
    view = call.team.homes.get(person.id)
    if view is None:
        view = call.slack.make_view(call.team, person, payload)
        call.team.homes[person.id] = view
    else:
        _same_hash(call, view)
        view.show(call.slack.with_ids(payload), call.slack.new_hash())
    return _shown(call, view)


def _same_hash(call: Call, view: View) -> None:
    if call.text("hash") and call.text("hash") != view.hash:
        raise Refusal("hash_conflict")


VIEW_METHODS = {
    "views.open": ("", open_view),
    "views.push": ("", push),
    "views.update": ("", update),
    "views.publish": ("", publish),
}
