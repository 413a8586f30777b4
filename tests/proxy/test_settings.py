from pathlib import Path

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.proxy.settings import load_settings


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "handrail.yaml"
    path.write_text(text)
    return path


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A setting comes from the file, the environment, or an option, the last being strongest."""
    path = _file(tmp_path, "upstream_url: http://a:1\nport: 1111\nlog_level: debug\n")
    found = load_settings(path, {"HANDRAIL_PORT": "2222", "HOME": "/x"}, log_level="error")
    assert (found.upstream_url, found.port, found.log_level) == ("http://a:1", 2222, "error")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port: 1", "upstream_url: Field required"),
        ("upstream_url: nonsense", "handrail.yaml:1: upstream_url: must be an http:// or https:// URL"),
        ("upstream_url: http://a:1\nport: 99999", "handrail.yaml:2: port: Input should be less than"),
        ("upstream_url: http://a:1\nprot: 80", "handrail.yaml:2: prot: Extra inputs"),
        ("upstream_url: http://a:1?x=1", "must have no query"),
        ("upstream_url: http://me:pass@a:1", "must have no user name"),
        ('upstream_url: "http://a:1/ x"', "must be an http://"),
        ("upstream_url: http://a:1\nupstream_key: 'a b'", "handrail.yaml:2: upstream_key: must be printable"),
        ("upstream_url: http://a:1\ntimezone: Mars/Base", "handrail.yaml:2: timezone: must be an IANA"),
        ("- a\n- b", "must hold settings"),
        ("upstream_url: [", "handrail.yaml:1: not YAML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """A wrong setting stops the start with the line to mend."""
    with pytest.raises(SettingsError) as raised:
        load_settings(_file(tmp_path, text), {})
    assert message in str(raised.value)


def test_a_wrong_variable_is_named() -> None:
    """A wrong or unknown variable of ours is named as the variable it is."""
    environment = {"HANDRAIL_UPSTREAM_URL": "http://a:1", "HANDRAIL_PROT": "80"}
    with pytest.raises(SettingsError) as raised:
        load_settings(None, environment)
    assert "prot: Extra inputs" in str(raised.value)
    assert "HANDRAIL_PROT" in str(raised.value)


def test_the_key_never_shows(tmp_path: Path) -> None:
    """A secret is in no message and no printout of the settings."""
    secret = "sk-very-secret"
    found = load_settings(None, {}, upstream_url="http://a:1", upstream_key=secret)
    assert secret not in repr(found)
    with pytest.raises(SettingsError) as raised:
        load_settings(_file(tmp_path, f"upstream_url: 7\nupstream_key: [{secret}]"), {})
    assert secret not in str(raised.value)


def test_the_newline_of_a_mounted_secret_is_dropped() -> None:
    """A key read from a file with its last newline works as it is."""
    found = load_settings(None, {"HANDRAIL_UPSTREAM_URL": "http://a:1", "HANDRAIL_UPSTREAM_KEY": "sk-1\n"})
    assert found.upstream_key is not None
    assert found.upstream_key.get_secret_value() == "sk-1"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing settings file is named."""
    with pytest.raises(SettingsError, match=r"none\.yaml"):
        load_settings(tmp_path / "none.yaml", {})
