"""auth.* and oauth.*: who the app is, how it comes into a workspace, and how its tokens turn over."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from sandbox.slack_people import Installation, Json, Workspace
from sandbox.slack_shapes import APP_ID
from sandbox.slack_wire import Call, Refusal

if TYPE_CHECKING:
    from sandbox.slack_office import Office


def auth_test(call: Call) -> Json:
    """Say whose token this is."""
    app, team = call.app, call.team
    value: Json = {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": "clout",
        "team_id": team.id,
        "user_id": app.bot_user,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }
    expires = app.tokens[call.token]
    return value if expires is None else value | {"expires_in": int(expires - call.slack.seconds())}


def auth_revoke(call: Call) -> Json:
    """Take the token back, unless it is only a test."""
    if not call.yes("test"):
        call.app.revoked.add(call.token)
    return {"revoked": not call.yes("test")}


def consent(slack: "Office", request: Request) -> Response:
    """Stand for the page where a person lets the app in: back at once with a code, or with a refusal."""
    asked = request.query_params
    if asked.get("client_id") != slack.client_id:
        return PlainTextResponse("invalid_client_id", 400)
    if not (back := asked.get("redirect_uri") or slack.redirect_url):
        return PlainTextResponse("bad_redirect_uri", 400)
    answer = {"state": asked.get("state", "")}
    if not slack.consents:
        answer |= {"error": "access_denied"}
    else:
        team = slack.workspaces.get(asked.get("team", ""), slack.installing or slack.home)
        answer |= {"code": slack.new_code(team, frozenset(filter(None, asked.get("scope", "").split(","))))}
    return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}", 302)


def _known_app(call: Call) -> None:
    given = call.basic or (call.text("client_id"), call.text("client_secret"))
    if given[0] != call.slack.client_id:
        raise Refusal("invalid_client_id")
    if given[1] != call.slack.client_secret:
        raise Refusal("bad_client_secret")


def access(call: Call) -> Json:
    """Turn a code, or a refresh token, into tokens."""
    _known_app(call)
    if call.text("grant_type") == "refresh_token":
        return _refreshed(call)
    found = call.slack.codes.pop(call.need("code"), None)
    if found is None:
        raise Refusal("invalid_code")
    team, scopes = found
    app = call.slack.install(team, scopes=scopes, rotating=call.slack.rotation)
    return _granted(call, team, app)


def _refreshed(call: Call) -> Json:
    given = call.need("refresh_token")
    for team in call.slack.workspaces.values():
        app = team.installation
        if app is not None and app.installed and given in app.refresh_tokens:
            app.refresh_tokens.remove(given)
            call.slack.new_tokens(app, rotating=True)
            return _granted(call, team, app)
    raise Refusal("invalid_refresh_token")


def exchange(call: Call) -> Json:
    """Turn a token that never ends into one that does."""
    _known_app(call)
    for team in call.slack.workspaces.values():
        app = team.installation
        if app is not None and call.token_argument() in app.tokens and app.installed:
            app.revoked.add(call.token_argument())
            call.slack.new_tokens(app, rotating=True)
            return _granted(call, team, app)
    raise Refusal("invalid_auth")


def _granted(call: Call, team: Workspace, app: Installation) -> Json:
    value: Json = {
        "app_id": APP_ID,
        "authed_user": {"id": call.slack.installer(team).id},
        "scope": ",".join(sorted(app.scopes)),
        "token_type": "bot",
        "access_token": app.token,
        "bot_user_id": app.bot_user,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }
    if app.tokens[app.token] is not None:
        value |= {"refresh_token": app.refresh_tokens[-1], "expires_in": int(call.slack.token_seconds)}
    return value


def uninstall(call: Call) -> Json:
    """Remove the app from the workspace of the token."""
    _known_app(call)
    for team in call.slack.workspaces.values():
        if team.installation is not None and call.token_argument() in team.installation.tokens:
            team.installation.installed = False
            return {}
    raise Refusal("invalid_auth")


def api_test(call: Call) -> Json:
    """Say everything back, or the error asked for."""
    if call.text("error"):
        raise Refusal(call.text("error"), args=call.args)
    return {"args": call.args}


INSTALL_METHODS = {
    "api.test": ("", api_test),
    "auth.test": ("", auth_test),
    "auth.revoke": ("", auth_revoke),
    "oauth.v2.access": ("", access),
    "oauth.v2.exchange": ("", exchange),
    "apps.uninstall": ("", uninstall),
}
