"""Rotation: the first key opens everything afterwards, and nothing else has changed."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from config_store.content import Content, Keytab, open_setting
from config_store.diff import diff_contents
from config_store.errors import SecretUnreadable
from config_store.models import RevisionRow
from config_store.rotation import Rotated, rotate_secrets
from config_store.secrets import FernetCipher, NoSecretKey
from tests.config_store.store import Store, secret

if TYPE_CHECKING:
    from config_store.database import Database

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
KEYTAB = b"\x05\x02keys"


@pytest.fixture
def cipher() -> FernetCipher:
    """What encrypts before the rotation."""
    return FernetCipher([OLD])


@pytest.fixture
def filled(store: Store) -> Store:
    """Two groups: secrets in each section, one that is carried through revisions, a keytab; one group deleted."""
    token = store.cipher.encrypt(base64.b64encode(KEYTAB).decode())
    keytab = Keytab("etl.keytab", "0" * 64, len(KEYTAB), token)
    store.create("prod", configurations={"spark.my.password": "one", "spark.x": "1"}, keytab=keytab)
    store.save("prod", environment={"API_TOKEN": "two"})
    store.save("prod", configurations={"spark.my.password": "three"})
    store.roll_back("prod", 1)
    store.create("gone", environment={"NAME": secret("four")})
    store.create("plain", configurations={"spark.x": "1"})
    store.delete("gone")
    return store


def rotate(database: Database, *keys: str) -> Rotated:
    return rotate_secrets(database, keys, lambda _text: None)


def secrets_of(content: Content, cipher: FernetCipher) -> dict[str, str]:
    """Every secret in plain text."""
    opened = {
        name: open_setting(name, setting, cipher).value for _, _, name, setting in content.settings() if setting.secret
    }
    if content.keytab:
        opened["keytab"] = cipher.decrypt(content.keytab.token, "keytab")
    return opened


def all_secrets(store: Store, cipher: FernetCipher) -> dict[str, dict[str, str]]:
    revisions = [("prod", number) for number in (1, 2, 3, 4)] + [("gone", 1), ("plain", 1)]
    return {
        f"{group} {number}": secrets_of(store.revision(group, number).content, cipher) for group, number in revisions
    }


def all_diffs(store: Store) -> list[object]:
    contents = [store.revision("prod", number).content for number in (1, 2, 3, 4)]
    return [diff_contents(old, new) for old in contents for new in contents]


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(RevisionRow.__table__).order_by(RevisionRow.id))]


def test_the_new_key_alone_opens_everything_afterwards(filled: Store) -> None:
    before, diffs = all_secrets(filled, FernetCipher([OLD])), all_diffs(filled)
    assert before["prod 2"] == {
        "spark.my.password": "one",
        "API_TOKEN": "two",
        "keytab": base64.b64encode(KEYTAB).decode(),
    }
    told = rotate(filled.database, NEW, OLD)
    assert (told.secrets, told.revisions, told.current, told.unreadable) == (11, 5, 0, ())
    assert all_secrets(filled, FernetCipher([NEW])) == before
    assert all_diffs(filled) == diffs
    with pytest.raises(SecretUnreadable):
        all_secrets(filled, FernetCipher([OLD]))


def test_numbers_authors_times_and_notes_stay(filled: Store) -> None:
    before = filled.revisions("prod")
    rotate(filled.database, NEW, OLD)
    after = filled.revisions("prod")
    facts = [(r.number, r.parent, r.author, r.created_at, r.note) for r in after]
    assert facts == [(r.number, r.parent, r.author, r.created_at, r.note) for r in before]


def test_receipts_and_plans_stay(filled: Store) -> None:
    filled.save("prod", principal="etl@EXAMPLE.COM")
    ticket = filled.submit(config_group="prod")
    receipt = filled.receipt(ticket.submission_id)
    rotate(filled.database, NEW, OLD)
    assert filled.receipt(ticket.submission_id) == receipt
    filled.cipher = FernetCipher([NEW])
    assert filled.plan(config_group="prod") == ticket.plan


def test_a_save_without_changes_is_none_after_a_rotation(filled: Store) -> None:
    rotate(filled.database, NEW, OLD)
    filled.cipher = FernetCipher([NEW])
    assert filled.save("prod", configurations=filled.group("prod").content.configurations).revision == 4
    assert filled.save("prod", configurations={"spark.my.password": "one", "spark.x": "1"}).revision == 4


def test_a_second_run_finds_nothing(filled: Store) -> None:
    rotate(filled.database, NEW, OLD)
    before = rows(filled.database)
    assert rotate(filled.database, NEW, OLD) == Rotated(current=11)
    assert rows(filled.database) == before


def test_an_interrupted_run_ends_where_a_whole_one_does(filled: Store) -> None:
    diffs = all_diffs(filled)
    untouched = {row[0]: row for row in rows(filled.database)}
    rotate(filled.database, NEW, OLD)
    whole = rows(filled.database)
    with filled.database.writing() as session:  # as if it had ended after the first two
        for number in list(untouched)[2:]:
            row = session.get(RevisionRow, number)
            assert row is not None
            row.content = untouched[number][-1]  # type: ignore[assignment]
    assert rows(filled.database) != whole
    rotate(filled.database, NEW, OLD)
    assert rows(filled.database) == whole
    assert all_diffs(filled) == diffs


def test_a_secret_that_no_key_opens_is_named_and_its_revision_stays(filled: Store) -> None:
    filled.cipher = FernetCipher([Fernet.generate_key().decode()])
    filled.save("prod", environment={"LOST_TOKEN": "five"})
    lost = filled.revision("prod", 5).content
    told = rotate(filled.database, NEW, OLD)
    assert [str(error) for error in told.unreadable] == [
        "The secret prod revision 5 environment.LOST_TOKEN cannot be decrypted with the present Fernet keys; add the "
        "former key to [core] fernet_key (new,old) or set the secret again."
    ]
    assert (told.secrets, told.revisions) == (11, 5)
    assert filled.revision("prod", 5).content == lost


def test_without_the_old_key_nothing_changes(filled: Store) -> None:
    before = rows(filled.database)
    assert len(rotate(filled.database, NEW).unreadable) == 5
    assert rows(filled.database) == before


def test_without_any_key(filled: Store) -> None:
    with pytest.raises(NoSecretKey):
        rotate(filled.database)


def test_what_is_saved_meanwhile_is_rotated_too(filled: Store) -> None:
    def save_once(_text: str) -> None:
        raise AssertionError("told only every 100 revisions")

    rotate_secrets(filled.database, [NEW, OLD], save_once)
    filled.save("prod", environment={"LATE_TOKEN": "six"})
    assert rotate(filled.database, NEW, OLD).secrets == 1


def test_progress_is_told(store: Store) -> None:
    store.create("prod", environment={"A_TOKEN": "one"})
    for number in range(100):
        store.save("prod", environment={"A_TOKEN": f"{number}"})
    told: list[str] = []
    rotate_secrets(store.database, [NEW, OLD], told.append)
    assert told == ["Revisions: 100 of 101 …"]


def test_the_tokens_are_fernets(filled: Store) -> None:
    """The library's own reader takes them, with their times."""
    token = filled.group("prod").content.configurations["spark.my.password"].value
    rotate(filled.database, NEW, OLD)
    again = filled.group("prod").content.configurations["spark.my.password"].value
    assert Fernet(NEW).decrypt(again.encode()) == b"one"
    assert Fernet(NEW).extract_timestamp(again.encode()) == Fernet(OLD).extract_timestamp(token.encode())
    assert again != token
