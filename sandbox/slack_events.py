"""What happens in a workspace and is told to the app: channels come and go, the app is thrown out."""

import json
from typing import Any

from sandbox.chat_office import driven
from sandbox.slack_deeds import Interaction
from sandbox.slack_delivery import Ack, Parcel, deliver, new_envelope
from sandbox.slack_forms import Forms
from sandbox.slack_payloads import event_payload
from sandbox.slack_people import Channel, Workspace
from sandbox.slack_shapes import VERIFICATION, view_json


class Events(Forms):
    """Drivers for events; each changes the workspace first and then tells the app."""

    @driven
    async def event(self, kind: str, /, *, workspace: Workspace | None = None, **fields: Any) -> Interaction:
        """Tell the app of any event; `fields` stand in the event beside its type."""
        place = workspace or self.home
        deed = self.deed("event", place, self.installer(place), None)
        event = {"type": kind, "event_ts": self.new_ts(), **fields}
        await self.hand(deed, event_payload(place, event, self.new_id("Ev"), int(self.seconds())))
        return deed

    @driven
    async def redeliver(self, deed: Interaction, reason: str = "http_timeout") -> Ack:
        """Bring the same event, command or click once more, as Slack does when it saw no answer."""
        deed.deliveries += 1
        kind = deed.kind if deed.kind in ("command", "event") else "interaction"
        return await deliver(self, Parcel(kind, deed.payload, deed.envelope_id, deed.deliveries, reason))

    @driven
    async def verify_url(self) -> bool:
        """Ask the app's address to say a challenge back, as Slack does when it is entered."""
        payload = {"token": VERIFICATION, "challenge": new_envelope(), "type": "url_verification"}
        ack = await deliver(self, Parcel("event", payload, new_envelope()))
        return payload["challenge"] in (ack.body, json.loads(ack.body or "{}").get("challenge"))

    async def open_home(self, user: str = "mia", *, workspace: Workspace | None = None) -> Interaction:
        """Let a person open the app's home tab."""
        place = workspace or self.home
        person = place.person(user)
        view = place.homes.get(person.id)
        shown = {"view": view_json(view, place)} if view is not None else {}
        direct = self.direct(place, person.id).id
        return await self.event("app_home_opened", workspace=place, user=person.id, channel=direct, tab="home", **shown)

    async def archive(self, channel: str, *, workspace: Workspace | None = None) -> Interaction:
        """Archive a channel."""
        place, room = self._room(channel, workspace)
        room.archived = True
        kind = "group_archive" if room.kind == "private" else "channel_archive"
        return await self.event(kind, workspace=place, channel=room.id, user=self.installer(place).id)

    async def unarchive(self, channel: str, *, workspace: Workspace | None = None) -> Interaction:
        """Bring an archived channel back."""
        place, room = self._room(channel, workspace)
        room.archived = False
        kind = "group_unarchive" if room.kind == "private" else "channel_unarchive"
        return await self.event(kind, workspace=place, channel=room.id, user=self.installer(place).id)

    async def delete_channel(self, channel: str, *, workspace: Workspace | None = None) -> Interaction:
        """Delete a channel for good."""
        place, room = self._room(channel, workspace)
        room.deleted = True
        kind = "group_deleted" if room.kind == "private" else "channel_deleted"
        return await self.event(kind, workspace=place, channel=room.id, actor_id=self.installer(place).id)

    async def kick(self, channel: str, *, workspace: Workspace | None = None) -> Interaction:
        """Remove the app from a channel."""
        place, room = self._room(channel, workspace)
        room.members.discard(self._app_user(place))
        kind = "group_left" if room.kind == "private" else "channel_left"
        return await self.event(kind, workspace=place, channel=room.id, actor_id=self.installer(place).id)

    async def invite(self, channel: str, *, workspace: Workspace | None = None) -> Interaction:
        """Bring the app into a channel with /invite."""
        place, room = self._room(channel, workspace)
        room.members.add(self._app_user(place))
        return await self.event(
            "member_joined_channel",
            workspace=place,
            user=self._app_user(place),
            channel=room.id,
            channel_type="G" if room.kind == "private" else "C",
            team=place.id,
            inviter=self.installer(place).id,
        )

    async def uninstall(self, workspace: Workspace | None = None) -> Interaction:
        """Throw the app out of a workspace: its tokens die, and it is told twice."""
        place = workspace or self.home
        app = place.installation
        assert app is not None, "only an installed app can be thrown out"
        app.installed = False
        await self.event("tokens_revoked", workspace=place, tokens={"oauth": [], "bot": [app.bot_user]})
        return await self.event("app_uninstalled", workspace=place)

    async def revoke_tokens(self, workspace: Workspace | None = None) -> Interaction:
        """Revoke the app's tokens without throwing it out."""
        place = workspace or self.home
        app = place.installation
        assert app is not None, "only an installed app has tokens"
        app.revoked |= set(app.tokens)
        return await self.event("tokens_revoked", workspace=place, tokens={"oauth": [], "bot": [app.bot_user]})

    def _room(self, channel: str, workspace: Workspace | None) -> tuple[Workspace, Channel]:
        place = workspace or self.home
        return place, place.channel(channel)

    def _app_user(self, place: Workspace) -> str:
        assert place.installation is not None, "only an installed app is anywhere"
        return place.installation.bot_user
