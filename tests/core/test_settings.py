"""Settings: read once, refused when misspelt, secrets from files."""

import stat
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import SettingsError
from core.settings import Settings, secret_key


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.from_env({"PATH": "/bin", "DATDAI_PORT": ""})

    assert settings == Settings()
    assert settings.public_url == "http://127.0.0.1:8000"


def test_variables_set_fields_of_their_name() -> None:
    settings = Settings.from_env(
        {"DATDAI_PORT": "8080", "DATDAI_HOST": "::1", "DATDAI_HOME": "/srv/d", "DATDAI_LOG_FORMAT": "json"}
    )

    assert (settings.port, settings.home, settings.log_format) == (8080, Path("/srv/d"), "json")
    assert settings.public_url == "http://[::1]:8080"


def test_the_public_address_has_no_slash_at_its_end() -> None:
    settings = Settings.from_env({"DATDAI_BASE_URL": "https://datdai.example.vn/ogc/"})

    assert settings.public_url == "https://datdai.example.vn/ogc"


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"DATDAI_PROT": "1"}, "DATDAI_PROT is no setting. Did you mean DATDAI_PORT?"),
        ({"DATDAI_DATABSE_URL": "x"}, "Did you mean DATDAI_DATABASE_URL?"),
        ({"DATDAI_XYZZY": "1"}, "DATDAI_XYZZY is no setting."),
        ({"DATDAI_PORT_FILE": "/etc/port"}, "DATDAI_PORT_FILE is no setting."),
        ({"DATDAI_PORT": "70000"}, "DATDAI_PORT: Input should be less than or equal to 65535."),
        ({"DATDAI_BASE_URL": "ftp://x"}, "DATDAI_BASE_URL: must be an http or https address"),
        ({"DATDAI_DATABASE_URL": "mysql"}, "DATDAI_DATABASE_URL: must be postgresql://"),
        ({"DATDAI_SECRET": "short"}, "DATDAI_SECRET: String should have at least 32 characters."),
        ({"DATDAI_ADMIN_DATABASE_URL": "host=x"}, "DATDAI_ADMIN_DATABASE_URL needs DATDAI_DATABASE_URL"),
        ({"DATDAI_SECRET_FILE": "/không/có"}, "DATDAI_SECRET_FILE: the file /không/có cannot be read."),
        (
            {"DATDAI_SECRET_FILE": "/dev/null", "DATDAI_SECRET": "x" * 32},
            "DATDAI_SECRET_FILE and DATDAI_SECRET are both set",
        ),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(environ)

    assert text in str(refused.value)


def test_all_faults_are_listed_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"DATDAI_PROT": "1", "DATDAI_PORT": "x", "DATDAI_WORKERS": "0"})

    assert len(str(refused.value).splitlines()) == 3


def test_variables_of_the_tests_are_not_looked_at() -> None:
    assert Settings.from_env({"DATDAI_TEST_DATA": "/data"}) == Settings()


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://app:pw@db/datdai\n")

    settings = Settings.from_env({"DATDAI_DATABASE_URL_FILE": str(tmp_path / "url")})

    assert settings.database_url == "postgresql://app:pw@db/datdai"


def test_no_secret_shows_in_a_printed_value_or_an_error() -> None:
    settings = Settings(database_url="postgresql://app:mat_khau@db/datdai", secret="mat_khau" * 4)

    assert "mat_khau" not in repr(settings) + str(settings)
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"DATDAI_SECRET": "mat_khau", "DATDAI_DATABASE_URL": "mat_khau"})
    assert "mat_khau" not in str(refused.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "var")
    keys: set[bytes] = set()
    makers = [threading.Thread(target=lambda: keys.add(secret_key(settings))) for _ in range(8)]

    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()

    assert keys == {secret_key(settings)}
    assert len(secret_key(settings)) == 32
    assert stat.S_IMODE((tmp_path / "var" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret"]


def test_a_given_secret_makes_no_file_and_always_the_same_key(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secret="x" * 32)

    assert secret_key(settings) == secret_key(settings) != secret_key(Settings(secret="y" * 32))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")

    with pytest.raises(SettingsError, match="does not hold 32 bytes"):
        secret_key(Settings(home=tmp_path))
