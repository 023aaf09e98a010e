"""What Slack does to typed text is undone."""

import pytest

from bots.slack_words import typed


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("<@U1|nasa> private", "@nasa private"),
        ("<https://x.com/nasa|https://x.com/nasa>", "https://x.com/nasa"),
        ("<https://x.com/nasa>", "https://x.com/nasa"),
        ("<http://nasa.bsky.social|nasa.bsky.social>", "nasa.bsky.social"),
        ("@<mailto:a@b.social|a@b.social>", "@a@b.social"),
        ("digest <#C1|general>", "digest #general"),
        ("A&amp;B &lt;b&gt; &amp;lt;", "A&B <b> &lt;"),
        ("<https://evil.example|@nasa>", "https://evil.example"),
        ("<!channel> <@U1> <", "<!channel> <@U1> <"),
        ("", ""),
    ],
)
def test_marked_up_text_becomes_what_was_typed(sent, meant):
    assert typed(sent) == meant
