"""Words for posts: small parts put together by number, so that the same post always says the same."""

OPENERS = (
    "Today in {t}:",
    "A short note on {t}.",
    "Nobody asked, but {t}.",
    "Progress.",
    "Question for the {t} people:",
    "Third attempt.",
    "Small win!",
    "I was wrong about {t}.",
    "Monday and {t}.",
    "Late night {t}.",
    "Hear me out:",
    "Update:",
    "From the archive of {t}:",
    "This took all week.",
    "New one.",
    "Honest review:",
)
MIDDLES = (
    "it finally holds together",
    "we tried it the slow way",
    "the first batch went wrong",
    "I learned this from a stranger",
    "nothing beats doing it twice",
    "the colours came out better than planned",
    "somebody has to say it",
    "the trick is to wait",
    "I counted and it is true",
    "this is the part nobody shows",
    "it rained and it still worked",
    "there is a cheaper way",
    "two hands are not enough",
    "the neighbours have questions",
    "the dog disagrees",
)
CLOSERS = (
    "",
    " ✨",
    " More tomorrow.",
    " What would you have done?",
    " Pictures soon.",
    " 10/10 would repeat.",
    " Never again.",
    " Thanks for 100 kind words.",
    " #{h}",
    " (thread)",
    " Ask me anything.",
    " Καλημέρα, مرحبا, こんにちは 👋",
    " That is all.",
)
ANSWERS = (
    "Agreed.",
    "That is lovely!",
    "How long did it take?",
    "Same here.",
    "I would try the blue one.",
    "Congratulations!",
    "Not so sure about that.",
    "Sending this to my sister.",
    "Where was this?",
    "Exactly this.",
)


def post_text(topic: str, number: int) -> str:
    """Return the text of a creator's post: the same for the same topic and number."""
    opener = OPENERS[number * 7 % len(OPENERS)].format(t=topic)
    closer = CLOSERS[number * 5 % len(CLOSERS)].format(h=topic.replace(" ", ""))
    return f"{opener} {MIDDLES[number * 11 % len(MIDDLES)]}.{closer}"


def answer_text(number: int) -> str:
    """Return the text of a reply."""
    return ANSWERS[number * 3 % len(ANSWERS)]
