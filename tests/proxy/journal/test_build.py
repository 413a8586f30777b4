import subprocess
import sys

import pytest

from handrail.classifiers.errors import SettingsError
from handrail.proxy.journal.build import build_journal, custody_of
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.journal.vault import new_key
from handrail.proxy.settings import Settings, load_settings


def _settings(**more: object) -> Settings:
    return load_settings(None, {}, upstream_url="http://127.0.0.1:9", **more)


def test_settings_choose_the_store() -> None:
    """Without a Redis the journal is a file; keys, secret and alerts are as the settings say."""
    assert isinstance(build_journal(_settings()), SqliteJournal)
    more = {"journal_key": new_key("k"), "user_key": "u", "alert_url": "http://h", "alert_secret": "s"}
    custody = custody_of(_settings(**more))
    assert (custody.vault.current, custody.user_key, custody.alerts) == ("k", b"u", True)


def test_wrong_settings_stop_the_start() -> None:
    """A wrong key, and alerts that would go unsigned, are named with the mend."""
    with pytest.raises(SettingsError, match="journal_key"):
        build_journal(_settings(journal_key="nonsense"))
    with pytest.raises(SettingsError, match="alert_secret: must be set where alert_url is"):
        _settings(alert_url="http://h")
    for url in ("h", "ftp://h", "http://h/\nx", "http://"):
        with pytest.raises(SettingsError, match="alert_url"):
            _settings(alert_url=url, alert_secret="s")
    # Many receivers know who calls by the query.
    assert (
        _settings(alert_url="https://h/hook?token=1", alert_secret="s").alert_url == "https://h/hook?token=1"
    )


def test_without_the_redis_package() -> None:
    """All works where the extra is not installed; only asking for Redis names what to install."""
    program = """
import sys
sys.modules["redis"] = None
from handrail.proxy.cli import main
from handrail.proxy.journal.build import build_journal
from handrail.proxy.settings import load_settings
build_journal(load_settings(None, {}, upstream_url="http://h"))
build_journal(load_settings(None, {}, upstream_url="http://h", redis_url="redis://h"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "redis_url: needs the redis package: pip install 'handrail[redis]'" in done.stderr
