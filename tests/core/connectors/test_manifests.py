"""Every network describes itself fully, and what it says of its handles is true."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import core.connectors
from core.connectors import Connector, discover, manifests
from core.connectors.resets import DIALECTS
from core.errors import BadHandle, InputError
from core.handles import Handle
from core.manifest import Manifest, UrlForm

KNOWN = manifests()
EVERY = [
    "blog", "bluesky", "facebook", "github", "instagram", "linkedin", "mastodon", "pinterest", "reddit", "threads",
    "tiktok", "twitch", "wikidata", "x", "youtube",
]  # fmt: skip
each = pytest.mark.parametrize("manifest", KNOWN.values(), ids=KNOWN.keys())


def test_every_network_is_found() -> None:
    assert list(discover()) == list(KNOWN) == EVERY
    assert all(isinstance(connector, Connector) for connector in discover().values())
    assert discover() is discover()
    assert {name for name, connector in discover().items() if connector.manifest.name != name} == set()


def test_a_connector_that_reads_says_which_calls_it_makes() -> None:
    assert discover()["bluesky"].fetch is not None
    assert discover()["bluesky"].calls
    silent = {name for name, c in discover().items() if c.fetch is None and c.entries is None}
    assert {name for name in silent if discover()[name].calls} == set()


@each
def test_is_named_after_its_file(manifest: Manifest) -> None:
    folder = Path(str(core.connectors.__file__)).parent
    assert (folder / f"{manifest.name}.py").is_file()


@each
def test_may_call_its_own_base(manifest: Manifest) -> None:
    host = urlsplit(manifest.base_url).hostname or ""
    assert manifest.base_url.startswith("https://")
    if manifest.follow_hosts:
        assert host.startswith("{"), "the host comes with the handle"
        assert not manifest.hosts
    else:
        assert host in manifest.hosts
    assert all(name == name.lower() and re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", name) for name in manifest.hosts)


@each
def test_example_reads_back(manifest: Manifest) -> None:
    example = manifest.handles.example
    for text, network in ((f"{manifest.name}:{example}", None), (example, manifest.name)):
        handle = Handle.parse(text, KNOWN, network)
        assert handle.network == manifest.name
        assert Handle.parse(handle.shown, KNOWN).network == manifest.name
        assert handle.on(manifest) == handle.name


@each
def test_patterns_compile_and_reserved_words_would_match(manifest: Manifest) -> None:
    rule = manifest.handles
    pattern = re.compile(rule.pattern)
    if rule.native_pattern:
        re.compile(rule.native_pattern)
    for form in (*rule.urls, *rule.unresolvable):
        re.compile(form.path)
    shortest = min((len(word) for word in rule.reserved if pattern.fullmatch(word)), default=0)
    assert not rule.reserved or shortest, "reserved words that never match are noise"


@each
def test_address_forms_are_its_own(manifest: Manifest) -> None:
    """No other network's form claims a host before this one does."""
    for form in (f for f in manifest.handles.urls if f.hosts and "*" not in f.hosts):
        for host in form.hosts:
            address = f"https://{host.replace('*', 'de')}{_path(form)}"
            assert _network(address) == manifest.name, address


@each
def test_forms_name_what_they_find(manifest: Manifest) -> None:
    for form in manifest.handles.urls:
        groups = set(re.compile(form.path).groupindex)
        assert groups <= {"handle", "native_id"}
        assert len(groups) == (0 if manifest.handles.shape == "url" else 1)
        assert "native_id" not in groups or manifest.handles.native_pattern


@each
def test_unresolvable_links_are_recognised_and_explained(manifest: Manifest) -> None:
    for form in manifest.handles.unresolvable:
        for host in form.hosts:
            with pytest.raises(BadHandle, match=re.escape(manifest.handles.hint)):
                Handle.parse(f"https://{host.replace('*', 'v')}/{_unresolvable_path(form)}", KNOWN)


@each
def test_words_for_people_are_there(manifest: Manifest) -> None:
    words = {
        name: getattr(manifest, name)
        for name in ("label", "reads", "cannot_see", "cost", "limits", "off_wording", "attribution")
    }
    assert all(words.values()), words
    for name in ("reads", "cannot_see", "cost", "limits", "off_wording"):
        assert not words[name][0].islower()
        assert words[name].endswith(".")
        assert "  " not in words[name]
        assert "!" not in words[name]
    assert manifest.handles.hint
    assert not manifest.handles.hint.endswith(".")


@each
def test_credentials_say_how_to_get_them(manifest: Manifest) -> None:
    for credential in manifest.credentials:
        assert re.fullmatch(r"[a-z][a-z_]*", credential.name)
        assert credential.help.endswith(".")
        assert len(credential.help) > 15
    assert not any(c.required for c in manifest.credentials) or (manifest.setup_url or "").startswith("https://")
    assert manifest.name not in ("bluesky", "mastodon", "github", "blog") or not any(
        c.required for c in manifest.credentials
    )


@each
def test_reset_headers_are_dialects_of_ours(manifest: Manifest) -> None:
    assert set(manifest.reset_headers) <= DIALECTS


def test_house_decisions() -> None:
    assert {n for n, m in KNOWN.items() if not m.free} == {"x"}
    assert {n for n, m in KNOWN.items() if not m.enabled_by_default} == {"reddit", "wikidata"}
    assert {n for n, m in KNOWN.items() if m.combine == "separate"} == {"youtube"}
    assert {n for n, m in KNOWN.items() if m.supplies_kind} == {"x", "bluesky", "mastodon", "threads"}
    assert {n for n, m in KNOWN.items() if m.follow_hosts} == {"mastodon", "blog"}
    assert {n for n, m in KNOWN.items() if m.allow_http} == {"blog"}
    assert {n for n, m in KNOWN.items() if m.access != "public"} == {"threads", "tiktok", "pinterest", "linkedin"}
    assert {n for n, m in KNOWN.items() if m.retention} == {"youtube", "linkedin"}
    assert {n for n, m in KNOWN.items() if m.counts_are == "lifetime"} == {"github"}
    assert {n: set(m.absent_is_zero) for n, m in KNOWN.items() if m.absent_is_zero} == {"facebook": {"reposts"}}


def test_imports_with_an_empty_environment_and_stays_light() -> None:
    code = (
        "import sys; from core.connectors import manifests; import core.handles; manifests();"
        "print(*sorted({'numpy', 'sqlalchemy', 'core.store', 'core.settings', 'core.scoring'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {code}"],
        env={"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def _network(address: str) -> str | None:
    return Handle.parse(address, KNOWN).network


def _path(form: UrlForm) -> str:
    """Return a path that the form's own expression accepts, by trying the ways profiles are written."""
    channel = "UC" + "a" * 22
    names = ["glowguru", "glow.example", "Q42", "user/glowguru", "in/glowguru", "1234567", channel]
    shapes = ["/{}", "/@{}", "/profile/{}", "/u/{}", "/channel/{}", "/wiki/{}", "/orgs/{}", "/popout/{}", "/p/a-{}"]
    shapes += ["/pages/a/{}", "/profile.php?id={}", "/intent/user?screen_name={}", "/wiki/Special:EntityData/{}"]
    found = [s.format(n) for s in shapes for n in names if re.fullmatch(form.path, s.format(n))]
    assert found, f"no way of writing fits {form.path}"
    return next((path for path in found if _reads(form, path)), found[0])


def _reads(form: UrlForm, path: str) -> bool:
    host = form.hosts[0].replace("*", "de")
    try:
        return Handle.parse(f"https://{host}{path}", KNOWN) is not None
    except InputError:
        return False


def _unresolvable_path(form: UrlForm) -> str:
    tries = ["abc", "c/abc", "watch", "Abc", "t/abc", "pin/123", "share/abc", "pub/abc", "videos/123"]
    return next(path for path in tries if re.fullmatch(form.path, f"/{path}"))
