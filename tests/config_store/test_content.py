"""The content of a revision: what is wrong with it, and its way into the database and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from config_store.content import (
    ConfigFile,
    Content,
    Dependency,
    Keytab,
    check_content,
    from_document,
    open_setting,
    seal,
    to_document,
)
from config_store.errors import InvalidInput
from config_store.secrets import FernetCipher
from config_store.settings import Setting
from tests.config_store.store import content, final, secret

CIPHER = FernetCipher([Fernet.generate_key().decode()])

names = st.text(min_size=1, max_size=10)
sections = st.dictionaries(
    names, st.builds(Setting, st.text(), final=st.booleans(), secret=st.booleans(), note=st.text()), max_size=3
)
dependencies = st.lists(st.builds(Dependency, names, st.none() | st.integers(1, 9)), max_size=3).map(tuple)
files = st.builds(ConfigFile, names, st.text(), st.integers())
contents = st.builds(
    Content,
    arguments=sections,
    configurations=sections,
    environment=sections,
    jars=dependencies,
    py_files=dependencies,
    hadoop_files=st.lists(files, max_size=2).map(tuple),
    principal=st.text(),
    keytab=st.none() | st.builds(Keytab, names, st.text(), st.integers(), st.text()),
    krb5_conf=st.none() | files,
    spark_home=st.none() | names,
)


def faults(**fields: object) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        check_content(content(**fields))
    return [str(fault) for fault in refused.value.faults]


@settings(max_examples=100, database=None)
@given(contents)
def test_a_content_comes_back_from_its_document(original: Content) -> None:
    assert from_document(json.loads(json.dumps(to_document(original)))) == original


def test_the_document_is_plain_json() -> None:
    stored = content(
        arguments={"queue": final("etl")},
        jars=["hbase.jar", "x.jar@2"],
        hadoop_files=(ConfigFile("core-site.xml", "ab", 3),),
    )
    assert to_document(stored) == {
        "arguments": {"queue": {"value": "etl", "final": True, "secret": False, "note": ""}},
        "configurations": {},
        "environment": {},
        "jars": ({"name": "hbase.jar", "version": None}, {"name": "x.jar", "version": 2}),
        "py_files": (),
        "hadoop_files": ({"name": "core-site.xml", "sha256": "ab", "size": 3},),
        "principal": "",
        "keytab": None,
        "krb5_conf": None,
        "spark_home": None,
    }


def test_the_content_of_the_acceptance_cases_is_sound() -> None:
    check_content(
        content(
            arguments={
                "master": "yarn",
                "driver-memory": "7g",
                "executor-memory": "3500m",
                "keytab": "",
                "principal": "",
            },
            configurations={"spark.sql.shuffle.partitions": "210", "spark.kerberos.keytab": ""},
            jars=["hbase.jar", "commons.jar"],
        )
    )


def test_every_fault_is_told_with_its_place() -> None:
    assert faults(
        arguments={"driver-memroy": "7g", "keytab": "/etc/etl.keytab", "queue": "a\x00b"},
        configurations={"a b": "x", "spark.app.name": "y"},
        environment={"1X": "", "AIRFLOW_HOME": "/"},
        jars=["x.py", "../y.jar"],
        py_files=["z.jar"],
    ) == [
        "arguments.driver-memroy: spark-submit has no option --driver-memroy; "
        "did you mean driver-memory or driver-cores or executor-memory?",
        "arguments.keytab: keytab can't be set here: upload the keytab as the group's Kerberos keytab",
        "arguments.queue: contains a NUL character, which no command line carries",
        "configurations.a b: 'a b' is no property name: blanks, '=', ',' and control characters are refused",
        "configurations.spark.app.name: spark.app.name can't be set here: "
        "the application's name comes from the task (app_name)",
        "environment.1X: '1X' is no name of an environment variable",
        "environment.AIRFLOW_HOME: AIRFLOW_HOME belongs to Airflow; jobs don't see Airflow's own configuration",
        "jars: 'x.py' must end with .jar",
        "jars: '../y.jar' is refused: a name consists of letters, digits and _ . + @ ( ) = ~ -, without directories",
        "py_files: 'z.jar' must end with .py or .zip or .egg or .whl",
    ]


def test_of_thousands_of_faults_the_first_thousand_are_told() -> None:
    assert len(faults(arguments={f"no-option-{number}": "x" for number in range(1_100)})) == 1_000


def test_a_group_names_a_thousand_uploaded_files_at_most() -> None:
    jars, names = [f"l{number}.jar" for number in range(600)], ",".join(f"m{number}.jar" for number in range(401))
    assert faults(jars=jars, configurations={"spark.jars": names}) == [
        "jars: and the other lists name 1,001 uploaded files, at most 1,000 in all"
    ]
    check_content(content(jars=jars[:599], configurations={"spark.jars": names}))


def test_twins_in_one_content_are_refused() -> None:
    assert faults(arguments={"driver-memory": "7g"}, configurations={"spark.driver.memory": "7g"}) == [
        "configurations.spark.driver.memory: spark.driver.memory and --driver-memory are the same setting and both "
        "are given; keep one"
    ]


def test_an_empty_final_setting_has_no_twin_either() -> None:
    (said,) = faults(arguments={"queue": final("")}, configurations={"spark.yarn.queue": "etl"})
    assert said.endswith("spark.yarn.queue and --queue are the same setting and both are given; keep one")
    check_content(content(arguments={"queue": ""}, configurations={"spark.yarn.queue": "etl"}))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("lib/x.jar", "'lib/x.jar' is refused: it must be a URI, or an absolute path without '..'"),
        ("/opt/../etc/x.jar", "'/opt/../etc/x.jar' is refused: it must be a URI, or an absolute path without '..'"),
        (
            "https://ada:pw@repo/x.jar",
            "holds a user and a password, which would stand on the command line; ps shows it to all",
        ),
    ],
)
def test_a_place_in_a_list_of_files_is_checked_on_saving(place: str, said: str) -> None:
    assert faults(arguments={"jars": f"hdfs:///lib/a.jar, {place}"}) == [f"arguments.jars: {said}"]
    assert faults(configurations={"spark.submit.pyFiles": place}) == [f"configurations.spark.submit.pyFiles: {said}"]


@pytest.mark.parametrize("field", ["jars", "py_files"])
def test_a_dependency_chosen_twice_is_refused(field: str) -> None:
    name = "x.jar" if field == "jars" else "x.zip"
    assert faults(**{field: [name, f"{name}@2"]}) == [f"{field}: {name} is chosen twice; keep one"]


@pytest.mark.parametrize("name", ["../core-site.xml", "a/b.xml", "core-site.txt", "", "x" * 300 + ".xml", "\x00.xml"])
def test_a_file_that_leads_elsewhere_is_refused(name: str) -> None:
    (said,) = faults(hadoop_files=(ConfigFile(name, "ab", 1),))
    assert said.startswith("hadoop_files: ")
    (said,) = faults(keytab=Keytab(name, "ab", 1, "token"))
    assert said.startswith("keytab: ")


def test_two_hadoop_files_have_two_names() -> None:
    twice = tuple(ConfigFile("core-site.xml", digest, 1) for digest in ("ab", "cd"))
    assert faults(hadoop_files=twice) == ["hadoop_files: core-site.xml is chosen twice; keep one"]


@pytest.mark.parametrize(
    ("section", "name"), [("arguments", "principal"), ("configurations", "spark.kerberos.principal")]
)
def test_a_principal_is_looked_at_when_it_changes(section: str, name: str) -> None:
    told = "'bla bla @@' is no Kerberos principal: it holds a blank; write it like etl@EXAMPLE.COM"
    assert faults(principal="bla bla @@") == [f"principal: {told}"]
    assert faults(**{section: {name: "bla bla @@"}}) == [f"{section}.{name}: {told}"]
    check_content(content(principal="bla bla @@", spark_home="x"), content(principal="bla bla @@"))


@pytest.mark.parametrize(
    ("section", "name"), [("arguments", "principal"), ("configurations", "spark.kerberos.principal")]
)
def test_a_principal_is_given_once(section: str, name: str) -> None:
    expected = ["principal: is given twice: here and as an argument or configuration; keep one"]
    assert faults(principal="etl@EXAMPLE.ORG", **{section: {name: "other@EXAMPLE.ORG"}}) == expected
    check_content(content(principal="etl@EXAMPLE.ORG", **{section: {name: ""}}))


@pytest.mark.parametrize("name", ["proxy-user", "verbose", "supervise"])
def test_a_secret_that_would_stand_on_the_command_line_is_refused(name: str) -> None:
    assert faults(arguments={name: secret("true")}) == [
        f"arguments.{name}: --{name} can't be secret: it would stand on the command line, which ps shows"
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a\x00b", "contains a NUL character, which no command line carries"),
        ("\ud800", "contains half a surrogate pair, which is not text"),
    ],
)
def test_what_is_no_text_is_refused_everywhere(value: str, message: str) -> None:
    assert faults(principal=value, spark_home=value) == [f"principal: {message}", f"spark_home: {message}"]
    assert faults(environment={"X": secret(value)}) == [f"environment.X: {message}"]
    assert faults(environment={"X": Setting("x", note=value)}) == [
        "environment.X.note: must be text of at most 10,000 characters"
    ]


def test_sealing_encrypts_the_marked_and_what_sounds_secret() -> None:
    plain = content(
        arguments={"queue": secret("q")},
        configurations={"spark.my.password": final("p"), "spark.x": "x"},
        environment={"A_TOKEN": "t"},
    )
    sealed = seal(plain, Content(), CIPHER)
    assert sealed.configurations["spark.x"] == Setting("x")
    assert sealed.configurations["spark.my.password"].final
    hidden = [
        ("q", sealed.arguments["queue"]),
        ("p", sealed.configurations["spark.my.password"]),
        ("t", sealed.environment["A_TOKEN"]),
    ]
    for value, setting in hidden:
        assert setting.secret
        assert setting.value != value
        assert open_setting("here", setting, CIPHER).value == value


def test_an_unchanged_secret_keeps_its_token() -> None:
    first = seal(content(environment={"A_TOKEN": "t"}), Content(), CIPHER)
    assert seal(content(environment={"A_TOKEN": "t"}), first, CIPHER) == first
    assert seal(first, first, CIPHER) == first
    changed = seal(content(environment={"A_TOKEN": "u"}), first, CIPHER)
    assert open_setting("here", changed.environment["A_TOKEN"], CIPHER).value == "u"


@pytest.mark.parametrize("before", [Content(), content(environment={"A_TOKEN": "later"})], ids=["absent", "changed"])
def test_a_sealed_secret_is_not_sealed_again(before: Content) -> None:
    stored = from_document(to_document(seal(content(environment={"A_TOKEN": "t"}), Content(), CIPHER)))
    sealed = seal(stored, seal(before, Content(), CIPHER), CIPHER)
    assert open_setting("here", sealed.environment["A_TOKEN"], CIPHER).value == "t"


def test_a_checked_content_may_hold_sealed_secrets() -> None:
    check_content(seal(content(arguments={"queue": secret("q")}), Content(), CIPHER))


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("arguments", "driver-java-options"),
        ("configurations", "spark.driver.extraJavaOptions"),
        ("configurations", "spark.driver.defaultJavaOptions"),
        ("arguments", "jars"),
        ("configurations", "spark.jars"),
        ("configurations", "spark.submit.pyFiles"),
        ("arguments", "files"),
    ],
)
def test_a_secret_that_spark_itself_puts_on_a_command_line_is_refused(section: str, name: str) -> None:
    with pytest.raises(InvalidInput, match="can't be secret: it would stand on the command line, which ps shows"):
        check_content(Content(**{section: {name: Setting("value", secret=True)}}))  # type: ignore[arg-type]


class TestWhatWasTakenOver:
    STORED = content(configurations={"spark.executor.cores": "four", "spark.driver.cores": "2"})

    def test_settings_that_were_stored_as_they_are_are_not_looked_at_again(self) -> None:
        edited = {**self.STORED.configurations, "spark.executor.memory": Setting("8g")}
        check_content(replace(self.STORED, configurations=edited), self.STORED)

    def test_what_the_edit_brought_is(self) -> None:
        edited = {**self.STORED.configurations, "spark.executor.memory": Setting("8.5g")}
        with pytest.raises(InvalidInput, match=r"executor\.memory is a size"):
            check_content(replace(self.STORED, configurations=edited), self.STORED)

    def test_a_value_that_was_typed_anew_is(self) -> None:
        edited = {**self.STORED.configurations, "spark.executor.cores": Setting("four")}
        with pytest.raises(InvalidInput, match=r"executor\.cores is a whole number"):
            check_content(replace(self.STORED, configurations=edited), self.STORED)

    def test_a_setting_of_another_name_is(self) -> None:
        edited = {"spark.driver.cores": self.STORED.configurations["spark.executor.cores"]}
        with pytest.raises(InvalidInput, match=r"driver\.cores is a whole number"):
            check_content(replace(self.STORED, configurations=edited), self.STORED)

    def test_what_settings_do_to_each_other_is(self) -> None:
        edited = replace(self.STORED, arguments={"driver-cores": Setting("2")})
        with pytest.raises(InvalidInput, match="are the same setting and both are given"):
            check_content(edited, self.STORED)


def test_a_variable_called_files_is_no_list_of_them() -> None:
    variables = content(environment={"files": "a,b", "jars": "none"})
    check_content(variables)
    assert list(variables.dependencies()) == []
