from pathlib import Path

import pytest

from handrail.classifiers.errors import JournalError, SettingsError
from handrail.proxy.journal.vault import Vault, new_key, read_vault


def test_a_text_opens_only_where_it_was_sealed() -> None:
    """A sealed text opens in its record and field alone, and never looks the same twice."""
    vault = read_vault(new_key("k"), None)
    sealed = vault.seal("ex_1", "reply", "words 🙂")
    assert "words" not in sealed
    assert sealed != vault.seal("ex_1", "reply", "words 🙂")
    assert vault.open("k", "ex_1", "reply", sealed) == "words 🙂"
    for record, name in (("ex_2", "reply"), ("ex_1", "delivered")):
        with pytest.raises(JournalError, match="was altered"):
            vault.open("k", record, name, sealed)
    for altered in (sealed[:-8], "AAAA" + sealed[4:], "", "no base64!"):
        with pytest.raises(JournalError, match="was altered"):
            vault.open("k", "ex_1", "reply", altered)


def test_the_first_key_seals_and_all_open() -> None:
    """Of several keys the first seals; texts of the others still open; without any nothing is sealed."""
    old, new = new_key("old"), new_key("new")
    sealed = read_vault(old, None).seal("r", "f", "words")
    both = read_vault(f"{new}\n{old}", None)
    assert both.current == "new"
    assert both.open("old", "r", "f", sealed) == "words"
    with pytest.raises(JournalError, match="'old', which is not at hand"):
        read_vault(new, None).open("old", "r", "f", sealed)
    assert Vault().seal("r", "f", "words") == "words"


def test_keys_from_a_file(tmp_path: Path) -> None:
    """Keys stand in a file one a line; a key without a name is called by a digest of it."""
    key = new_key("k")
    (tmp_path / "keys").write_text(f"{key}\n\n{new_key('j')}\n")
    assert read_vault(None, tmp_path / "keys").current == "k"
    bare = read_vault(key.partition(":")[2], None)
    assert bare.current is not None
    assert len(bare.current) == 8


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("", "holds no key"),
        ("k:c2hvcnQ=", "32 bytes"),
        ("not base64 at all", "32 bytes"),
        (f"a key:{new_key('k').partition(':')[2]}", "32 bytes"),
        (f"{new_key('k')},{new_key('k')}", "same name"),
    ],
)
def test_wrong_keys_say_what_to_mend(keys: str, message: str) -> None:
    """A wrong key stops the start, named without being shown."""
    with pytest.raises(SettingsError, match=message) as caught:
        read_vault(keys, None)
    assert not keys or keys not in str(caught.value)


def test_keys_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is not there is named; so is a key given twice over."""
    with pytest.raises(SettingsError, match="nowhere"):
        read_vault(None, tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="not both"):
        read_vault(new_key("k"), tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="a key's name"):
        new_key("a b")


def test_no_key_is_shown() -> None:
    """A vault printed in passing shows no key."""
    vault = read_vault(new_key("k"), None)
    assert repr(vault.keys["k"]) not in repr(vault)
