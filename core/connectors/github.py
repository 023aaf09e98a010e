"""GitHub: people and organisations, with the stars and forks of the repositories they own."""

from core.models import Credential, HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="github",
    label="GitHub",
    hosts=("api.github.com",),
    base_url="https://api.github.com/",
    handles=HandleRule(
        pattern=r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,38}",
        hint="1 to 39 letters, digits or single hyphens",
        example="glowguru",
        reserved=frozenset(
            "about account apps blog codespaces collections contact copilot customer-stories dashboard enterprise "  # noqa: SIM905
            "events explore features issues join login logout marketplace models new notifications organizations orgs "
            "pricing pulls readme search security sessions settings signup site solutions sponsors stars team "
            "topics trending users".split()
        ),
        urls=(
            UrlForm(hosts=("github.com",), path=r"/(?:orgs|users|sponsors)/(?P<handle>[^/]+)(?:/.*)?"),
            UrlForm(hosts=("github.com", "gist.github.com"), path=r"/(?P<handle>[^/]+)(?:/.*)?"),
        ),
    ),
    credentials=(
        Credential(
            name="token",
            required=False,
            help="A fine-grained personal access token without any permission: raises the limit from 60 to 5,000 "
            "requests an hour.",
        ),
    ),
    setup_url="https://github.com/settings/personal-access-tokens/new",
    counts=frozenset({"likes", "reposts"}),
    counts_are="lifetime",
    reset_headers=("github", "retry-after"),
    limits="60 requests an hour for each address; 5,000 with a token.",
    cost="Free; a token without permissions is optional.",
    attribution="GitHub",
    reads="Followers, and stars and forks of the account's own repositories (forks of other projects are left out).",
    cannot_see=(
        "Likes, comments and views. Stars and forks are totals since a repository was opened, "
        "so a first lookup knows only what they add up to."
    ),
    off_wording="GitHub is switched off here.",
)
