"""Several accounts under one name: which is shown, and what ties the others to it."""

from core.namesakes import evidence, strongest
from tests.core.toy_readings import profile, reading


def address(link: str) -> tuple[str, str] | None:
    network, _, handle = link.removeprefix("https://").partition("/")
    return (network, handle) if handle else None


LABELS = {"a": "Aland", "b": "Beta"}


class TestSeveralHits:
    def test_the_strongest_has_the_highest_score_then_most_followers(self) -> None:
        weak, strong = reading(20.0, "a"), reading(60.0, "b")
        assert strongest([weak, strong]) is strong
        few = reading(None, "a", profile=profile("a", followers=1))
        many = reading(None, "b", profile=profile("b", followers=9))
        assert strongest([few, many]) is many

    def test_a_profile_that_links_the_other_is_evidence(self) -> None:
        one = reading(50.0, "a", profile=profile("a", links=["https://b/glow"]))
        assert evidence(one, reading(40.0, "b"), address, LABELS) == ("Aland profile links to the Beta account",)

    def test_a_verified_link_says_so(self) -> None:
        one = reading(50.0, "a", profile=profile("a", verified_links=["https://b/glow"]))
        assert evidence(one, reading(40.0, "b"), address, LABELS) == ("verified link on Aland to the Beta account",)

    def test_a_link_to_somebody_else_is_none(self) -> None:
        one = reading(50.0, "a", profile=profile("a", links=["https://b/other"]))
        assert evidence(one, reading(40.0, "b"), address, LABELS) == ()

    def test_a_shared_domain_of_their_own_is_evidence_a_host_for_all_is_not(self) -> None:
        mine = reading(50.0, "bluesky", profile=profile("bluesky", "glow.example"))
        also = reading(40.0, "mastodon", profile=profile("mastodon", "glow@glow.example"))
        assert evidence(mine, also, address, LABELS) == ("both use the domain glow.example",)
        shared = reading(50.0, "bluesky", profile=profile("bluesky", "glow.bsky.social"))
        assert evidence(shared, also, address, LABELS) == ()
