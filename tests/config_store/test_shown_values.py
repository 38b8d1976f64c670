"""What of a value may stand in an audit row: everything but what opens something."""

from __future__ import annotations

import pytest

from config_store.shown_values import shown_value, without_credentials

DOTS = "••••••"
HIDDEN = {
    "jdbc:mysql://hive:s3cret@db:3306/metastore": f"jdbc:mysql://hive:{DOTS}@db:3306/metastore",
    "jdbc:mysql://db/hive?user=hive&password=s3cret&useSSL=true": (
        f"jdbc:mysql://db/hive?user=hive&password={DOTS}&useSSL=true"
    ),
    "jdbc:sqlserver://db:1433;user=hive;password=s3cret;encrypt=true": (
        f"jdbc:sqlserver://db:1433;user=hive;password={DOTS};encrypt=true"
    ),
    "http://a:s3cret@one,http://b:s3cret@two:80/x": f"http://a:{DOTS}@one,http://b:{DOTS}@two:80/x",
    "https://user:p@s3cret@host/": f"https://user:{DOTS}@host/",
    "jdbc:oracle:thin:hive/s3cret@//db:1521/x": f"jdbc:oracle:thin:hive/{DOTS}@//db:1521/x",
    "https://:s3cret@host": f"https://:{DOTS}@host",
    "https://x/?sv=2024&sig=s3cret%2B&se=1": f"https://x/?sv=2024&sig={DOTS}&se=1",
    "https://x/?X-Amz-Credential=s3cret&X-Amz-Signature=s3cret": (
        f"https://x/?X-Amz-Credential={DOTS}&X-Amz-Signature={DOTS}"
    ),
    "-Xmx1g -Djavax.net.ssl.trustStorePassword=s3cret -Da=b": (
        f"-Xmx1g -Djavax.net.ssl.trustStorePassword={DOTS} -Da=b"
    ),
    'PlainLoginModule required username="u" password="s3cret s3cret";': (
        f'PlainLoginModule required username="u" password={DOTS};'
    ),
    "api_key = 's3cret', other = 'x'": f"api_key = {DOTS}, other = 'x'",
    "-Dmy.url=jdbc:mysql://db/hive?password=s3cret -Da=b": f"-Dmy.url=jdbc:mysql://db/hive?password={DOTS} -Da=b",
    'opts="-Dmy.password=s3cret -Da=b"': f'opts="-Dmy.password={DOTS} -Da=b"',
    "password=x,s3cret;user=a": f"password={DOTS};user=a",
    "password=x's3cret": f"password={DOTS}",
    'password="x\\"s3cret" a=b': f"password={DOTS} a=b",
    "jdbc:sqlserver://db;password={x;s3cret};user=a": f"jdbc:sqlserver://db;password={DOTS};user=a",
}
PLAIN = [
    "",
    "hdfs://nn:8020/user/a@b",
    "hdfs://nn1:8020,nn2:8020",
    "jceks://hdfs@nn:8020/keys.jceks",
    "user@EXAMPLE.COM",
    "RULE:[2:$1@$0](nn@.*)s/.*/hdfs/",
    "a=b",
    "token",
    "spark.security.credentials.hive.enabled=false",
    "${env.DB_PASSWORD}",
]


@pytest.mark.parametrize(("value", "shown"), HIDDEN.items(), ids=HIDDEN)
def test_credentials_in_a_value_become_dots(value: str, shown: str) -> None:
    assert without_credentials(value) == shown
    assert "s3cret" not in shown
    assert shown_value("some.property", value) == shown


@pytest.mark.parametrize("value", PLAIN)
def test_other_values_stay_as_they_are(value: str) -> None:
    assert without_credentials(value) == value


@pytest.mark.parametrize(
    "name", ["fs.s3a.secret.key", "fs.s3a.access.key", "ssl.server.keystore.password", "dfs.token", "fs.azure.sas.c.a"]
)
def test_a_name_that_sounds_like_a_secret_hides_the_whole_value(name: str) -> None:
    assert shown_value(name, "x") == shown_value(name, "") == DOTS
    assert shown_value(name, None) is None


@pytest.mark.parametrize(
    "piece", ["a", "a ", "a=", "://", "://a:", "a:b@", "-D", '="', "a  =  ", ":thin:a/", "a=b ", "x={ "]
)
def test_a_long_value_is_looked_through_once(piece: str) -> None:
    """Looked through again from each of its letters, it would take hours."""
    assert without_credentials(piece * 1_000_000) == piece * 1_000_000
