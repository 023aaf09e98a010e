"""The pretend YouTube and Twitch by themselves: documented shapes, keys, tokens and paging."""

import httpx

from sandbox.server import Sandbox
from sandbox.twitch import CLIENT_ID, SECRET
from sandbox.youtube import KEY


async def test_youtube_wants_a_key_and_pages_its_playlist(box: Sandbox, caller: httpx.AsyncClient) -> None:
    base, headers = box.url("youtube"), {"x-goog-api-key": KEY}
    assert (
        await caller.get(f"{base}channels?part=id&forHandle=@mara", headers={"x-goog-api-key": "x"})
    ).status_code == 400
    nobody = (await caller.get(f"{base}channels?part=id&forHandle=@nobody", headers=headers)).json()
    assert "items" not in nobody
    (fizz,) = (await caller.get(f"{base}channels?part=id&forHandle=@DailyFizz", headers=headers)).json()["items"]
    assert isinstance(fizz["statistics"]["subscriberCount"], str)
    path = f"{base}playlistItems?part=contentDetails&maxResults=50&playlistId=UU{fizz['id'][2:]}"
    first = (await caller.get(path, headers=headers)).json()
    second = (await caller.get(f"{path}&pageToken={first['nextPageToken']}", headers=headers)).json()
    dates = [item["contentDetails"]["videoPublishedAt"] for page in (first, second) for item in page["items"]]
    assert len(dates) == 100
    assert dates == sorted(dates, reverse=True)
    assert (await caller.get(f"{path}&pageToken=x", headers=headers)).status_code == 400


async def test_twitch_gives_tokens_to_its_client_only(box: Sandbox, caller: httpx.AsyncClient) -> None:
    url, form = box.env()["CLOUT_TWITCH__AUTH_URL"], {"client_id": CLIENT_ID, "grant_type": "client_credentials"}
    assert (await caller.post(url, data={**form, "client_secret": "x"})).status_code == 403
    token = (await caller.post(url, data={**form, "client_secret": SECRET})).json()["access_token"]
    base, headers = box.url("twitch"), {"client-id": CLIENT_ID, "authorization": f"Bearer {token}"}
    answer = await caller.get(f"{base}users?login=glowguru", headers=headers)
    assert answer.headers["ratelimit-limit"] == "800"
    assert answer.json()["data"][0]["login"] == "glowguru"
    assert (await caller.get(f"{base}users?login=nobody", headers=headers)).json() == {"data": []}
    assert (await caller.get(f"{base}users?login=glowguru")).status_code == 401
