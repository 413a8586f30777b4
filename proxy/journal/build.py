"""Build: the journal that the settings ask for."""

from collections.abc import Callable

from handrail.classifiers.errors import SettingsError
from handrail.proxy.journal.custody import Custody
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.spool import Spool
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.journal.vault import read_vault
from handrail.proxy.settings import Settings


def build_journal(settings: Settings, forwarded: Callable[[], None] = lambda: None) -> Journal:
    """The journal, not opened yet; `forwarded` is called for each exchange that leaves the spool.

    Raises SettingsError for a wrong key or URL, or where Redis is asked for and its package is missing.
    """
    custody = custody_of(settings)
    if settings.redis_url is None:
        return SqliteJournal(settings.journal_path, custody)
    try:
        from handrail.proxy.journal.redis import RedisJournal, Sharing  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError as error:
        raise SettingsError("redis_url: needs the redis package: pip install 'handrail[redis]'") from error
    spool = Spool(settings.spool_path, settings.spool_max_bytes)
    sharing = Sharing(settings.redis_url.get_secret_value(), spool, settings.redis_replicas, forwarded)
    return RedisJournal(sharing, custody)


def custody_of(settings: Settings) -> Custody:
    """How the settings want things kept. Raises SettingsError for a wrong key."""
    key = settings.journal_key.get_secret_value() if settings.journal_key else None
    user_key = settings.user_key.get_secret_value().encode() if settings.user_key else None
    return Custody(read_vault(key, settings.journal_key_path), user_key, settings.alert_url is not None)
