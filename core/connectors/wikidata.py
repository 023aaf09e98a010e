"""Wikidata: evidence that accounts belong to the same person; never scored."""

from core.models import HandleRule, Manifest, UrlForm

MANIFEST = Manifest(
    name="wikidata",
    label="Wikidata",
    hosts=("www.wikidata.org", "wikimedia.org"),
    base_url="https://www.wikidata.org/w/api.php",
    handles=HandleRule(
        pattern=r"Q[1-9][0-9]{0,9}",
        hint="the number of an item, such as Q42",
        example="Q42",
        lowercase=False,
        urls=(
            UrlForm(hosts=("wikidata.org",), path=r"/(?:wiki|entity)/(?P<handle>Q[0-9]+)"),
            UrlForm(hosts=("wikidata.org",), path=r"/wiki/Special:EntityData/(?P<handle>Q[0-9]+)(?:\.[a-z]+)?"),
        ),
    ),
    enabled_by_default=False,
    reset_headers=("retry-after",),
    limits="As Wikimedia asks for: few requests, with the operator's contact in each.",
    cost="Free; no key, but CLOUT_CONTACT should be set.",
    attribution="Wikidata",
    reads="Which accounts an encyclopedia names for a person: suggestions that a team confirms or declines.",
    cannot_see="Anything about influence; nothing from here is ever part of a score.",
    off_wording="Wikidata is off here; it only adds evidence for links between accounts.",
)
