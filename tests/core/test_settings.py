"""Settings: every value, every mistake, in one message."""

from pathlib import Path

import pytest

from core.connectors import manifests
from core.errors import SettingsError
from core.settings import Settings, known_names, unknown_settings

MANIFESTS = manifests()


def read(env: dict[str, str], env_file: Path | None = None) -> Settings:
    return Settings.read(MANIFESTS, env, env_file)


def test_an_empty_environment_is_enough() -> None:
    settings = read({})
    assert settings.database_url.startswith("sqlite:///")
    assert settings.network("bluesky").base_url is None


def test_a_network_is_set_by_its_own_variables() -> None:
    settings = read({"CLOUT_BLUESKY__BASE_URL": "http://127.0.0.1:8000", "CLOUT_BLUESKY__ENABLED": "false"})
    assert settings.network("bluesky").base_url == "http://127.0.0.1:8000"
    assert settings.network("bluesky").enabled is False


def test_secrets_lose_quotes_and_newlines_and_are_never_shown() -> None:
    name = MANIFESTS["youtube"].credentials[0].name
    settings = read({f"CLOUT_YOUTUBE__{name.upper()}": ' "s3cret"\n'})
    assert settings.network("youtube").values[name].get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


def test_every_wrong_value_is_named_in_one_message() -> None:
    env = {
        "CLOUT_ZONE": "Gotham",
        "CLOUT_LOOKUP_SECONDS": "soon",
        "CLOUT_BLUESKY__BASE_URL": "ftp://x",
        "CLOUT_X__COMBINE": "maybe",
    }
    with pytest.raises(SettingsError) as caught:
        read(env)
    for name in env:
        assert name in caught.value.message
    assert "Gotham" not in caught.value.message, "a value may be a secret"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("CLOUT_ZONE=Europe/Paris\nCLOUT_CONTACT=me@example.org\n")
    settings = read({"CLOUT_ZONE": "Europe/Berlin"}, file)
    assert (settings.zone, settings.contact) == ("Europe/Berlin", "me@example.org")


def test_allowed_hosts_are_a_list() -> None:
    assert read({"CLOUT_ALLOW_HOSTS": "Box:80,127.0.0.1:9"}).allowed_hosts == {"box:80", "127.0.0.1:9"}


@pytest.mark.parametrize("wrong", ["box", "box:", ":80", "box:99999", "http://box:80", "a:1,b"])
def test_a_host_without_its_port_is_told(wrong: str) -> None:
    with pytest.raises(SettingsError, match="host:port"):
        read({"CLOUT_ALLOW_HOSTS": wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        "https://",
        "box",
        "https://a b",
        "https://me:secret@box/",
        "https://box/api?key=secret",
        "https://box/#secret",
        "https://box:99999/",
        "https://box:port/",
        "https://box:0/",
        "https://[::1",
    ],
)
def test_an_address_that_cannot_be_called_is_told(wrong: str) -> None:
    with pytest.raises(SettingsError, match="CLOUT_BLUESKY__BASE_URL") as caught:
        read({"CLOUT_BLUESKY__BASE_URL": wrong})
    assert "secret" not in caught.value.message


def test_a_mistyped_name_is_told_with_the_nearest_real_one() -> None:
    lines = unknown_settings(MANIFESTS, {"CLOUT_DATABSE_URL": "x", "PATH": "y"}, None)
    assert lines == ("CLOUT_DATABSE_URL is not a setting; did you mean CLOUT_DATABASE_URL?",)


def test_every_setting_is_described() -> None:
    assert all(text.strip() for text in known_names(MANIFESTS).values())
