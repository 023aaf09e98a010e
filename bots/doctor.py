"""`clout doctor`: what works here and what does not, each with its mend."""

from collections.abc import Callable
from datetime import timedelta

from bots.consent_trial import try_pages
from bots.discord_trial import examined
from bots.slack_scopes import check, installs_by_oauth
from bots.slack_trial import Finding, try_slack
from core import figures, outbox
from core.app import App, build
from core.cards_networks import budget_sentences, expiry_words
from core.errors import CloutError, SettingsError
from core.leases import SILENT, beats
from core.settings import Settings
from core.vault import Vault

WEEK = timedelta(days=7)
RECENT = timedelta(days=1)  # a fault older than this is history


async def examine(settings: Settings, say: Callable[[str], object]) -> bool:
    """Say how the database, networks, Slack, Discord and pages of consent are; return whether nothing is wrong."""
    try:
        async with build(settings) as app:
            findings = [Finding(True, "the database opens"), *await _networks(app), *await _keys(app)]
            findings += await _jobs(app) + await _deliveries(app)
    except CloutError as error:
        findings = [Finding(False, "the database does not open", error.message)]
    findings += await _slack(settings) + await examined(settings.discord) + await try_pages(settings)
    for finding in findings:
        say(str(finding))
    return all(finding.good for finding in findings)


async def _networks(app: App) -> list[Finding]:
    now, zone = app.clock.now(), app.settings.zone
    ready = [one for one in await app.networks.of("") if one.ready]
    if not ready:
        return [Finding(False, "no network can be asked", "See `clout chat -c networks` for what each of them needs.")]
    findings = [Finding(True, f"networks that can be asked: {', '.join(one.manifest.label for one in ready)}")]
    said = [(one.manifest.label, words) for one in ready for words in budget_sentences(one, now, zone)]
    return findings + [Finding(True, f"{label}: {words}") for label, words in said]


async def _jobs(app: App) -> list[Finding]:
    """Return whether jobs run, by the last signs of the processes that do them, and the last fault."""
    now, known = app.clock.now(), await beats(app.store.database)
    alive = [one for one in known if now - one.at < SILENT]
    if not known:
        findings = [Finding(True, "jobs have never run here: `clout run` refreshes and posts by itself")]
    elif alive:
        findings = [Finding(True, f"jobs run, in {figures.counted(len(alive), 'process', 'processes')}")]
    else:
        last = figures.at_time(known[0].at, now, app.settings.zone)
        findings = [Finding(False, f"no jobs have run since {last}", "Start `clout run` again.")]
    faults = [(one.fault_at, one.fault) for one in known if one.fault and one.fault_at and now - one.fault_at < RECENT]
    for at, fault in sorted(faults)[-1:]:
        words = f"the last job that failed, {figures.at_time(at, now, app.settings.zone)}: {fault}"
        findings.append(Finding(False, words, "The log has the details, under the reference where there is one."))
    return findings


async def _deliveries(app: App) -> list[Finding]:
    """Return what became of a week's digests and alerts; those that may be missing are a fault."""
    found = await app.store.database.read(outbox.by_state, app.clock.now() - WEEK)
    if not found:
        return []
    states = ", ".join(f"{found[state]} {state}" for state in sorted(found))
    if not {"unknown", "failed"} & set(found):
        return [Finding(True, f"digests and alerts of 7 days: {states}")]
    mend = "`digest status` and `watches` name them; look in the channel, and post again what is missing."
    return [Finding(False, f"digests and alerts of 7 days: {states}", mend)]


async def _keys(app: App) -> list[Finding]:
    """Return a finding for each connected key that ends within a week, has ended, or cannot be read."""
    findings = []
    for one in await app.networks.ending():
        name, team = one.where.network, one.where.team
        label = app.manifests[name].label if name in app.manifests else name
        whose = f" of the team {team}" if team else ""
        again = f"`clout connect {name}{f' --team {team}' if team else ''}` takes a new one."
        if one.where.native_id:
            whose, again = f"{whose} for a connected account", "Its owner has to connect it again."
        if one.at is None:
            mend = f"The key it was encrypted with is not in CLOUT_SECRET_KEYS. {again}"
            findings.append(Finding(False, f"the stored {label} key{whose} cannot be read", mend))
        else:
            ends = expiry_words(one.at, app.clock.now(), app.settings.zone)
            findings.append(Finding(False, f"{label}{whose}: {ends}", again))
    return findings


async def _slack(settings: Settings) -> list[Finding]:
    slack, findings = settings.slack, []
    if settings.secret_keys is not None or installs_by_oauth(settings):
        findings += _oauth(settings)
    tried = await try_slack(slack)
    if not tried and not installs_by_oauth(settings):
        return [*findings, Finding(True, "Slack is not set up", "`clout init slack` does it, if you want it.")]
    return findings + tried


def _oauth(settings: Settings) -> list[Finding]:
    try:
        if settings.secret_keys is not None:
            Vault.of(settings.secret_keys.get_secret_value())
        if installs_by_oauth(settings):
            check(settings)
    except SettingsError as error:
        return [Finding(False, "installs of Slack cannot be kept", error.message)]
    return [Finding(True, "stored tokens are encrypted with a key of CLOUT_SECRET_KEYS")]
