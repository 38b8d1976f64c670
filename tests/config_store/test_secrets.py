"""Secrets at rest: encrypted, opened with any of the present keys, never in plain text on the disk."""

from __future__ import annotations

import base64

import pytest
from cryptography.fernet import Fernet

from config_store.content import Keytab
from config_store.errors import SecretUnreadable
from config_store.secrets import FernetCipher, NoSecretKey
from config_store.wire import State
from tests.config_store.store import Store, effective, secret
from tests.stand_ins import task

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
PLANTED = "pl4nted-s3cret"


@pytest.mark.parametrize("text", ["", "hunter2", "ünïcödé \U0001f600\n\x00", "x" * 1_000_000])
def test_a_secret_comes_back_as_it_was(text: str) -> None:
    cipher = FernetCipher([OLD])
    assert cipher.decrypt(cipher.encrypt(text), "here") == text


def test_one_text_never_has_the_same_token_twice() -> None:
    cipher = FernetCipher([OLD])
    assert cipher.encrypt("hunter2") != cipher.encrypt("hunter2")


def test_the_first_key_encrypts_and_every_key_opens() -> None:
    before, rotated = FernetCipher([OLD]), FernetCipher([NEW, OLD])
    assert rotated.decrypt(before.encrypt("hunter2"), "here") == "hunter2"
    token = rotated.encrypt("hunter2")
    assert FernetCipher([NEW]).decrypt(token, "here") == "hunter2"
    with pytest.raises(SecretUnreadable):
        before.decrypt(token, "here")


@pytest.mark.parametrize(
    "token", [pytest.param(FernetCipher([OLD]).encrypt("x"), id="of-another-key"), "", "no token", "gAAAAA==", "é"]
)
def test_a_token_that_no_key_opens_says_where_it_stands_and_what_to_do(token: str) -> None:
    with pytest.raises(SecretUnreadable) as error:
        FernetCipher([NEW, OTHER]).decrypt(token, "groups.prod.arguments.queue")
    assert str(error.value) == (
        "The secret groups.prod.arguments.queue cannot be decrypted with the present Fernet keys; add the former key "
        "to [core] fernet_key (new,old) or set the secret again."
    )


def test_without_a_key_nothing_secret_is_stored_or_read() -> None:
    with pytest.raises(NoSecretKey, match=r"No Fernet key is configured, so secrets can't be stored"):
        FernetCipher([]).encrypt("hunter2")
    with pytest.raises(SecretUnreadable):
        FernetCipher([]).decrypt(FernetCipher([OLD]).encrypt("hunter2"), "here")


def test_planted_secrets_are_nowhere_on_the_disk(store: Store) -> None:
    keytab = f"\x05\x02{PLANTED}-keytab".encode()
    token = store.cipher.encrypt(base64.b64encode(keytab).decode())
    store.create(
        "prod",
        arguments={"queue": secret(f"{PLANTED}-argument")},
        configurations={
            "spark.my.password": f"{PLANTED}-name",
            "spark.x": secret(f"{PLANTED}-mark"),
            "spark.beaten.token": f"{PLANTED}-beaten",
        },
        environment={"DB_PASSWORD": f"{PLANTED}-variable"},
        principal="etl@EXAMPLE.ORG",
        keytab=Keytab("etl.keytab", "0" * 64, len(keytab), token),
    )
    store.save("prod", configurations={"spark.my.password": f"{PLANTED}-changed"}, note="rotate")
    store.roll_back("prod", 1)
    ticket = store.submit(
        spark_arguments={"queue": f"{PLANTED}-operator-twin"},
        spark_configurations={"spark.beaten.token": f"{PLANTED}-operator", "spark.x": f"{PLANTED}-operator-mark"},
        env_vars={"API_KEY": f"{PLANTED}-operator-variable"},
    )
    store.report(ticket.submission_id, State.RUNNING, host="worker-1")
    assert ticket.plan.keytab is not None
    assert base64.b64decode(ticket.plan.keytab.content) == keytab
    assert effective(ticket.plan)["spark.beaten.token"] == f"{PLANTED}-operator"
    on_disk = store.stored_bytes()
    assert b"worker-1" in on_disk
    assert on_disk.count(PLANTED.encode()) == 0
    assert on_disk.count(base64.b64encode(keytab)) == 0
    assert on_disk.count(ticket.token.encode()) == 0


def test_a_plan_names_the_secret_that_it_cannot_open(store: Store) -> None:
    store.create("prod", environment={"DB_PASSWORD": "hunter2"})
    store.cipher = FernetCipher([OTHER])
    with pytest.raises(SecretUnreadable, match=r"The secret groups\.prod\.environment\.DB_PASSWORD cannot"):
        store.plan()


def test_a_rotated_key_opens_old_secrets_and_seals_new_ones(store: Store) -> None:
    store.cipher = FernetCipher([OLD])
    store.create("prod", environment={"A_TOKEN": "old"})
    store.cipher = FernetCipher([NEW, OLD])
    store.save("prod", environment={**store.group("prod").content.environment, "B_TOKEN": "new"})
    assert effective(store.plan()) == {"$A_TOKEN": "old", "$B_TOKEN": "new"}
    store.cipher = FernetCipher([NEW])
    with pytest.raises(SecretUnreadable, match=r"groups\.prod\.environment\.A_TOKEN"):
        store.plan(task("sales", "other"))


def test_an_unreadable_secret_may_be_set_again(store: Store) -> None:
    store.create("prod", environment={"A_TOKEN": "lost"})
    store.cipher = FernetCipher([NEW])
    store.save("prod", environment={"A_TOKEN": "again"})
    assert effective(store.plan()) == {"$A_TOKEN": "again"}
