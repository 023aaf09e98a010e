"""Every way of writing a handle, network by network."""

import pytest

from core.connectors import manifests
from core.errors import AmbiguousHandle, BadHandle, UnknownNetwork
from core.handles import Handle, clean, closest

KNOWN = manifests()
DID = "did:plc:7iza6de2dwap2sbkpav7c6c6"
CHANNEL = "UCabcDEF-hijklmnopqrst_v"

GOOD = [
    # typed, network, name
    ("@glow", None, "glow"),
    ("glow", None, "glow"),
    ("GLOW", None, "glow"),
    ("john.doe", None, "john.doe"),
    ("alice.test", None, "alice.test"),
    ("@bsky.app", None, "bsky.app"),
    ("glow-guru", None, "glow-guru"),
    # Bluesky
    ("bluesky:glow", "bluesky", "glow.bsky.social"),
    ("bluesky:@Glow", "bluesky", "glow.bsky.social"),
    ("bsky:glow", "bluesky", "glow.bsky.social"),
    ("alice.bsky.social", "bluesky", "alice.bsky.social"),
    ("@Alice.BSKY.social", "bluesky", "alice.bsky.social"),
    ("bluesky:alice.test", "bluesky", "alice.test"),
    (DID, "bluesky", DID),
    ("did:web:alice.test", "bluesky", "did:web:alice.test"),
    (f"bluesky:{DID}", "bluesky", DID),
    (f"https://bsky.app/profile/{DID}", "bluesky", DID),
    ("https://bsky.app/profile/alice.test", "bluesky", "alice.test"),
    ("bsky.app/profile/Alice.Test/post/3kabc?ref=1#top", "bluesky", "alice.test"),
    # Mastodon
    ("mara@social.example", "mastodon", "mara@social.example"),
    ("@Mara@Social.Example", "mastodon", "mara@social.example"),
    ("mastodon:mara@social.example", "mastodon", "mara@social.example"),
    ("mastodon:@mara.lind@social.example", "mastodon", "mara.lind@social.example"),
    ("https://social.example/@mara", "mastodon", "mara@social.example"),
    ("social.example/@mara/", "mastodon", "mara@social.example"),
    ("https://social.example/users/Mara", "mastodon", "mara@social.example"),
    ("https://social.example/@mara/11223344", "mastodon", "mara@social.example"),
    ("https://social.example/web/@mara", "mastodon", "mara@social.example"),
    ("https://other.example/@mara@home.example", "mastodon", "mara@home.example"),
    ("https://SOCIAL.example:443/@mara", "mastodon", "mara@social.example"),
    ("mara@bücher.example", "mastodon", "mara@xn--bcher-kva.example"),
    # GitHub
    ("github:Glow-Guru", "github", "glow-guru"),
    ("https://github.com/Glow", "github", "glow"),
    ("github.com/glow/repo/issues?q=1", "github", "glow"),
    ("https://github.com/orgs/glow-labs/people", "github", "glow-labs"),
    ("gist.github.com/glow", "github", "glow"),
    # blogs
    ("https://blog.example/feed", "blog", "https://blog.example/feed"),
    ("http://Blog.Example", "blog", "http://blog.example/"),
    ("blog.example/feed/", "blog", "https://blog.example/feed/"),
    ("blog:blog.example", "blog", "https://blog.example/"),
    ("https://blog.example/?feed=rss2#top", "blog", "https://blog.example/?feed=rss2"),
    ("https://bücher.example/ü", "blog", "https://xn--bcher-kva.example/%C3%BC"),
    ("https://medium.com/@mara", "blog", "https://medium.com/@mara"),
    ("blog:https://github.com/glow/x/releases.atom", "blog", "https://github.com/glow/x/releases.atom"),
    # Wikidata
    ("wikidata:Q42", "wikidata", "Q42"),
    ("https://www.wikidata.org/wiki/Q42", "wikidata", "Q42"),
    # YouTube
    ("youtube:@Glow.Guru", "youtube", "glow.guru"),
    ("https://www.youtube.com/@glow/videos", "youtube", "glow"),
    ("m.youtube.com/@glow", "youtube", "glow"),
    ("https://youtube.com/@%D0%BC%D0%B0%D1%80%D0%B0", "youtube", "мара"),
    ("youtube:@मारा", "youtube", "मारा"),
    (f"youtube:{CHANNEL}", "youtube", CHANNEL),
    (f"https://www.youtube.com/channel/{CHANNEL}/about", "youtube", CHANNEL),
    ("https://www.youtube.com/user/Glow", "youtube", "user/glow"),
    # X
    ("x:@Glow_Guru", "x", "glow_guru"),
    ("twitter:glow", "x", "glow"),
    ("https://x.com/Glow", "x", "glow"),
    ("HTTPS://Mobile.Twitter.COM/glow/status/12?s=20", "x", "glow"),
    ("https://twitter.com/intent/user?lang=en&screen_name=Glow", "x", "glow"),
    # Meta
    ("instagram:@Glow.Guru", "instagram", "glow.guru"),
    ("https://www.instagram.com/glow.guru/?igsh=abc", "instagram", "glow.guru"),
    ("instagram.com/glow/reel/abc", "instagram", "glow"),
    ("facebook:Glow.Guru", "facebook", "glow.guru"),
    ("https://m.facebook.com/glowguru/posts/1", "facebook", "glowguru"),
    ("https://web.facebook.com/glowguru", "facebook", "glowguru"),
    ("fb.com/glowguru", "facebook", "glowguru"),
    ("https://www.facebook.com/profile.php?sk=about&id=1234567", "facebook", "1234567"),
    ("https://www.facebook.com/pages/Glow/1234567", "facebook", "1234567"),
    ("https://www.facebook.com/p/Glow-Guru-1234567/", "facebook", "1234567"),
    ("threads:@glow.guru", "threads", "glow.guru"),
    ("https://www.threads.net/@glow/post/abc", "threads", "glow"),
    ("threads.com/@glow", "threads", "glow"),
    # the others
    ("twitch:Glow", "twitch", "glow"),
    ("https://m.twitch.tv/glow/videos", "twitch", "glow"),
    ("u/Glow_Guru", "reddit", "glow_guru"),
    ("/u/glow", "reddit", "glow"),
    ("reddit:u/glow", "reddit", "glow"),
    ("https://old.reddit.com/user/glow/submitted", "reddit", "glow"),
    ("https://www.reddit.com/u/glow", "reddit", "glow"),
    ("tiktok:@Glow.Guru", "tiktok", "glow.guru"),
    ("https://www.tiktok.com/@glow/video/1?is_copy_url=1", "tiktok", "glow"),
    ("pinterest:glow", "pinterest", "glow"),
    ("https://www.pinterest.co.uk/glow/", "pinterest", "glow"),
    ("https://de.pinterest.com/glow/boards", "pinterest", "glow"),
    ("linkedin:company/Glow-Labs", "linkedin", "company/glow-labs"),
    ("linkedin:in/mara", "linkedin", "in/mara"),
    ("https://de.linkedin.com/in/jos%C3%A9/", "linkedin", "in/josé"),
    ("https://www.linkedin.com/company/1337/posts/", "linkedin", "company/1337"),
    ("https://www.linkedin.com/school/glow/", "linkedin", "school/glow"),
]

CLEANED = [
    ("“@glow”", "@glow"),
    ("‘glow’,", "glow"),
    ("(@glow)", "@glow"),
    ("<https://x.com/glow>", "https://x.com/glow"),
    ("«@glow».", "@glow"),
    ("`@glow`", "@glow"),
    ("\u00a0@glow\u2003", "@glow"),
    ("@\u200bgl\u2060ow\ufeff", "@glow"),
    ("\u202e@glow\u202c", "@glow"),
    ("＠ｇｌｏｗ", "@glow"),
    ("@glow\ufe0f", "@glow"),
    ("@glow, ", "@glow"),
    ("@glow!?…", "@glow"),
    ("glow\r\n", "glow"),
    ("https://blog.example/a_(b)", "https://blog.example/a_(b)"),
    ("(https://blog.example/a_(b)).", "https://blog.example/a_(b)"),
    ("@glow_", "@glow_"),
    ("@jose\u0301", "@josé"),
]

REFUSED = [
    "",
    "@",
    "   ",
    "\u200b",
    "hello world",
    "glow\nguru",
    "glow\x00",
    "x){id,name}",
    "instagram:x){id}",
    "instagram:.glow",
    "instagram:glow..guru",
    "../",
    "../../etc/passwd",
    "glow%00",
    "https://x.com/glow%00",
    "https://x.com/../etc",
    "https://blog.example/%2e%2e/etc",
    "https://blog.example/a%0d%0aHost:x",
    "x:a-b",
    "x:sixteen_letters_",
    "x:home",
    "https://x.com/home",
    "https://x.com/i/flow/login",
    "https://x.com",
    "https://t.co/abc",
    "https://www.instagram.com/p/abc/",
    "https://www.instagram.com/stories/glow/1",
    "github:-glow",
    "github:glow--guru",
    "github:settings",
    "https://github.com/topics/python",
    "twitch:_glow",
    "twitch:ab",
    "https://www.twitch.tv/directory",
    "reddit:ab",
    "https://www.reddit.com/r/python",
    "tiktok:a",
    "https://vm.tiktok.com/ZMabc/",
    "https://vt.tiktok.com/ZMabc/",
    "https://pin.it/abc",
    "https://www.pinterest.com/pin/123/",
    "https://www.youtube.com/c/Glow",
    "https://www.youtube.com/watch?v=abc",
    "https://youtu.be/abc",
    "https://www.youtube.com/channel/UCshort",
    "youtube:ab",
    "youtube:gl/ow",
    "https://www.facebook.com/groups/glow",
    "facebook:glow",
    "https://www.facebook.com/profile.php?sk=about",
    "https://fb.watch/abc",
    "linkedin:glow",
    "https://www.linkedin.com/feed/update/1",
    "https://lnkd.in/abc",
    "wikidata:42",
    "bluesky:jo_hn",
    "bluesky:handle.invalid",
    "https://bsky.app/search",
    "mara@localhost",
    "@mara@[::1]",
    "mara@127.0.0.1",
    "mara@2130706433",
    "mara@0x7f.0x1",
    "mara@server",
    "mara@social.example:3000",
    "mara@printer.local",
    "mara@db.internal",
    "mara@hidden.onion",
    "mara@social..example",
    "ma ra@social.example",
    "a@b@social.example",
    "https://user:secret@blog.example/",
    "https://blog.example:8443/",
    "https://127.0.0.1/feed",
    "https://[::1]/feed",
    "https://localhost/feed",
    "https://169.254.169.254/latest",
    "ftp://blog.example/feed",
    "javascript://x.com/glow",
    "https://x.com\\@evil.example/",
    "https:///glow",
]


@pytest.mark.parametrize(("typed", "network", "name"), GOOD, ids=[typed for typed, _, _ in GOOD])
def test_reads(typed: str, network: str | None, name: str) -> None:
    handle = Handle.parse(typed, KNOWN)
    assert (handle.network, handle.name) == (network, name)


@pytest.mark.parametrize("typed", [typed for typed, _, _ in GOOD])
def test_shown_reads_back(typed: str) -> None:
    handle = Handle.parse(typed, KNOWN)
    again = Handle.parse(handle.shown, KNOWN)
    assert (again.network, again.name, again.native_id) == (handle.network, handle.name, handle.native_id)


@pytest.mark.parametrize("typed", REFUSED)
def test_refuses(typed: str) -> None:
    with pytest.raises(BadHandle) as refusal:
        Handle.parse(typed, KNOWN)
    assert refusal.value.message.endswith(".")
    assert len(refusal.value.message) < 320


@pytest.mark.parametrize(("typed", "cleaned"), CLEANED)
def test_cleans(typed: str, cleaned: str) -> None:
    assert clean(typed) == cleaned
    assert clean(cleaned) == cleaned


def test_native_ids_are_known_as_such() -> None:
    assert Handle.parse(DID, KNOWN).native_id == DID
    assert Handle.parse(f"https://youtube.com/channel/{CHANNEL}", KNOWN).native_id == CHANNEL
    assert Handle.parse("facebook:1234567", KNOWN).native_id == "1234567"
    assert Handle.parse("x:1234567", KNOWN).native_id is None, "on X a name may be all digits"


def test_network_given_beside_the_handle() -> None:
    assert Handle.parse("@glow", KNOWN, "instagram").network == "instagram"
    assert Handle.parse("@glow", KNOWN, "Twitter").network == "x"
    assert Handle.parse("glow", KNOWN, "bluesky").name == "glow.bsky.social"
    assert Handle.parse("x:glow", KNOWN, "x").name == "glow"
    assert Handle.parse("blog.example", KNOWN, "blog").name == "https://blog.example/"
    assert Handle.parse("https://blog.example/@mara", KNOWN, "blog").network == "blog"
    with pytest.raises(BadHandle):
        Handle.parse("https://x.com/glow", KNOWN, "instagram")
    with pytest.raises(BadHandle):
        Handle.parse("bluesky:glow", KNOWN, "x")


def test_unknown_network_names_the_nearest() -> None:
    for text, network in (("instagrm:glow", None), ("glow", "instagrm")):
        with pytest.raises(UnknownNetwork) as refusal:
            Handle.parse(text, KNOWN, network)
        assert refusal.value.suggestion == "instagram"
        assert "did you mean instagram?" in refusal.value.message


def test_mastodon_needs_a_server_or_a_default() -> None:
    with pytest.raises(AmbiguousHandle, match=r"@mara@mastodon\.social"):
        Handle.parse("mastodon:mara", KNOWN)
    assert Handle.parse("mastodon:mara", KNOWN, default_instance="social.example").name == "mara@social.example"
    bare = Handle.parse("mara", KNOWN)
    assert bare.on(KNOWN["mastodon"], "social.example") == "mara@social.example"
    with pytest.raises(AmbiguousHandle):
        bare.on(KNOWN["mastodon"])


def test_a_bare_name_on_each_network() -> None:
    glow, dotted = Handle.parse("@Glow", KNOWN), Handle.parse("john.doe", KNOWN)
    assert glow.on(KNOWN["bluesky"]) == "glow.bsky.social"
    assert glow.on(KNOWN["github"]) == "glow"
    assert dotted.on(KNOWN["bluesky"]) == "john.doe"
    assert dotted.on(KNOWN["instagram"]) == "john.doe"
    for handle, network in ((dotted, "github"), (dotted, "x"), (dotted, "blog"), (glow, "blog"), (glow, "linkedin")):
        with pytest.raises(BadHandle):
            handle.on(KNOWN[network])


def test_a_qualified_name_is_of_its_network_only() -> None:
    handle = Handle.parse("x:glow", KNOWN)
    assert handle.on(KNOWN["x"]) == "glow"
    with pytest.raises(BadHandle, match="x:@glow"):
        handle.on(KNOWN["github"])


def test_manifests_may_come_as_a_list() -> None:
    assert Handle.parse("x:glow", KNOWN.values()).network == "x"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("glow", "@glow"),
        ("x.com/Glow", "x:@glow"),
        ("mara@social.example", "@mara@social.example"),
        ("mara@xn--bcher-kva.example", "@mara@bücher.example"),
        ("mara@pаypal.example", "@mara@xn--pypal-4ve.example"),  # a Cyrillic а among Latin letters
        ("mara@аррӏе.example", "@mara@xn--80ak6aa92e.example"),  # all Cyrillic, all look-alikes
        (DID, f"bluesky:{DID}"),
        ("linkedin:in/mara", "linkedin:in/mara"),
    ],
)
def test_shown_to_people(typed: str, shown: str) -> None:
    assert Handle.parse(typed, KNOWN).shown == shown


def test_closest() -> None:
    assert closest("glowgru", ["@beanco", "@glowguru"]) == "@glowguru"
    assert closest("@GlowGru", ["glowguru"]) == "glowguru"
    assert closest("xyz", ["glowguru", "beanco"]) is None
    assert closest("", []) is None
