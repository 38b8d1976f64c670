"""One setting: what is wrong with it, what is its twin, what makes it secret."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_store.settings import (
    MAX_NOTE,
    MAX_VALUE_BYTES,
    Setting,
    as_typed,
    is_plain,
    note_faults,
    principal_faults,
    setting_faults,
    twin_faults,
    twin_key,
    value_faults,
    with_secret_mark,
)
from config_store.wire import SettingKind

ARGUMENT, CONFIGURATION, ENVIRONMENT = SettingKind.ARGUMENT, SettingKind.CONFIGURATION, SettingKind.ENVIRONMENT


def faults(kind: SettingKind, name: str, value: str = "x") -> list[str]:
    return [fault.message for fault in setting_faults("here", kind, name, value)]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (ARGUMENT, "driver-memory", "7g"),
        (ARGUMENT, "proxy-user", "etl"),
        (ARGUMENT, "queue", ""),
        (ARGUMENT, "supervise", "true"),
        (ARGUMENT, "verbose", "FALSE"),
        (CONFIGURATION, "spark.sql.shuffle.partitions", "210"),
        (CONFIGURATION, "spark.größe", "ünïcödé \U0001f600 'quotes' \"double\" $HOME %d\nnewline\ttab\r"),
        (CONFIGURATION, "hive.exec.dynamic.partition", "true"),
        (CONFIGURATION, "spark.x", "y" * MAX_VALUE_BYTES),
        (ENVIRONMENT, "TZ", "Europe/Berlin"),
        (ENVIRONMENT, "_x9", ""),
    ],
)
def test_a_sound_setting_has_no_fault(kind: SettingKind, name: str, value: str) -> None:
    assert faults(kind, name, value) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "driver-memroy",
            "spark-submit has no option --driver-memroy; "
            "did you mean driver-memory or driver-cores or executor-memory?",
        ),
        ("--driver-memory", "an argument is named without dashes: write driver-memory"),
        ("--conf", "--conf can't be set here: set each property as a configuration of its own"),
        ("----zzz", "spark-submit has no option --zzz; `spark-submit --help` lists them"),
        ("", "spark-submit has no option --; `spark-submit --help` lists them"),
        ("zzz", "spark-submit has no option --zzz; `spark-submit --help` lists them"),
        ("kill", "spark-submit has no option --kill"),
        ("x" * 300, f"spark-submit has no option --{'x' * 100}; `spark-submit --help` lists them"),
    ],
)
def test_an_option_that_spark_submit_lacks_is_refused(name: str, message: str) -> None:
    (said,) = faults(ARGUMENT, name)
    assert said.startswith(message)


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "spark.x=y", "a,b", "a\nb", "a\x00b", "a\u00a0b", "a\x7f", "a\u202eb"]
)
def test_a_property_name_holds_no_blank_and_no_separator(name: str) -> None:
    expected = f"{name!r} is no property name: blanks, '=', ',' and control characters are refused"
    assert faults(CONFIGURATION, name) == [expected]


@pytest.mark.parametrize("name", ["", "1X", "A-B", "A B", "A=B", "GRÖSSE", "A\x00", "A\n"])
def test_an_environment_name_is_one_of_a_shell(name: str) -> None:
    assert faults(ENVIRONMENT, name) == [f"{name!r} is no name of an environment variable"]


@pytest.mark.parametrize("name", ["AIRFLOW_HOME", "AIRFLOW__CORE__FERNET_KEY"])
def test_airflows_own_variables_are_refused(name: str) -> None:
    expected = f"{name} belongs to Airflow; jobs don't see Airflow's own configuration"
    assert faults(ENVIRONMENT, name) == [expected]


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        (ARGUMENT, "name", "the application's name comes from the task (app_name)"),
        (CONFIGURATION, "spark.app.name", "the application's name comes from the task (app_name)"),
        (ARGUMENT, "class", "the main class comes from the task (class_path)"),
        (ARGUMENT, "conf", "set each property as a configuration of its own"),
        (ARGUMENT, "properties-file", "the suite writes it; set each property as a configuration"),
        (ARGUMENT, "load-spark-defaults", "spark-defaults.conf of the worker's Spark is always read"),
        (ARGUMENT, "keytab", "upload the keytab as the group's Kerberos keytab"),
        (CONFIGURATION, "spark.kerberos.keytab", "upload the keytab as the group's Kerberos keytab"),
        (CONFIGURATION, "spark.yarn.keytab", "upload the keytab as the group's Kerberos keytab"),
        (CONFIGURATION, "spark.workflow.taskId", "the suite sets it on every job"),
        (CONFIGURATION, "spark.workflow.dagId", "the suite sets it on every job"),
        (ENVIRONMENT, "HADOOP_CONF_DIR", "it points to the group's Hadoop files"),
        (ENVIRONMENT, "YARN_CONF_DIR", "it points to the group's Hadoop files"),
        (ENVIRONMENT, "KRB5_CONFIG", "it points to the group's krb5.conf"),
        (ENVIRONMENT, "SPARK_HOME", "choose the group's spark_home, a name out of [couture] spark_homes"),
        (ENVIRONMENT, "MASTER", "spark-submit reads it as --master; set the argument"),
        (ENVIRONMENT, "DEPLOY_MODE", "spark-submit reads it as --deploy-mode; set the argument"),
    ],
)
def test_what_the_suite_decides_is_refused_with_the_place_that_decides(
    kind: SettingKind, name: str, reason: str
) -> None:
    assert faults(kind, name) == [f"{name} can't be set here: {reason}"]


@pytest.mark.parametrize("name", ["name", "conf", "keytab"])
def test_a_variable_may_be_called_like_an_option(name: str) -> None:
    assert faults(ENVIRONMENT, name) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a\x00b", "contains a NUL character, which no command line carries"),
        ("\ud83d", "contains half a surrogate pair, which is not text"),
        ("y" * (MAX_VALUE_BYTES + 1), "is longer than 1,000,000 bytes"),
        ("\U0001f600" * (MAX_VALUE_BYTES // 4 + 1), "is longer than 1,000,000 bytes"),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [(ARGUMENT, "queue"), (CONFIGURATION, "spark.x"), (ENVIRONMENT, "X")])
def test_a_value_that_no_process_takes_is_refused(kind: SettingKind, name: str, value: str, message: str) -> None:
    assert faults(kind, name, value) == [message]


@pytest.mark.parametrize("name", ["supervise", "verbose"])
def test_a_flag_is_true_or_false(name: str) -> None:
    assert faults(ARGUMENT, name, "yes") == [f"Unexpected value 'yes': {name} is a flag, 'true' or 'false'"]
    told = setting_faults("x", ARGUMENT, name, "hunter2", secret=True)
    assert [fault.message for fault in told] == [f"Unexpected value (secret): {name} is a flag, 'true' or 'false'"]


def test_all_faults_of_a_setting_are_told_at_once() -> None:
    assert faults(CONFIGURATION, "a b", "\x00") == [
        "'a b' is no property name: blanks, '=', ',' and control characters are refused",
        "contains a NUL character, which no command line carries",
    ]


@settings(max_examples=100, database=None)
@given(st.sampled_from(SettingKind), st.text(), st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_is_judged_without_an_error(kind: SettingKind, name: str, value: str) -> None:
    assert all(message for message in faults(kind, name, value))


@pytest.mark.parametrize(
    ("argument", "configuration"),
    [
        ("master", "spark.master"),
        ("deploy-mode", "spark.submit.deployMode"),
        ("driver-memory", "spark.driver.memory"),
        ("executor-memory", "spark.executor.memory"),
        ("num-executors", "spark.executor.instances"),
        ("total-executor-cores", "spark.cores.max"),
        ("driver-java-options", "spark.driver.extraJavaOptions"),
        ("queue", "spark.yarn.queue"),
        ("jars", "spark.jars"),
        ("py-files", "spark.submit.pyFiles"),
        ("packages", "spark.jars.packages"),
        ("principal", "spark.kerberos.principal"),
    ],
)
def test_an_argument_and_its_property_are_one_setting(argument: str, configuration: str) -> None:
    assert twin_key(ARGUMENT, argument) == twin_key(CONFIGURATION, configuration) == (CONFIGURATION, configuration)


@pytest.mark.parametrize(
    ("kind", "name"), [(ARGUMENT, "proxy-user"), (ENVIRONMENT, "master"), (CONFIGURATION, "driver-memory")]
)
def test_what_has_no_twin_stands_for_itself(kind: SettingKind, name: str) -> None:
    assert twin_key(kind, name) == (kind, name)


def test_twins_of_one_layer_are_a_fault() -> None:
    found = twin_faults({"driver-memory", "queue"}, {"spark.driver.memory", "spark.x"}, "spark_")
    assert [str(fault) for fault in found] == [
        "spark_configurations.spark.driver.memory: spark.driver.memory and --driver-memory are the same setting "
        "and both are given; keep one"
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("spark.my.password", "spark.db.PASSWD", "spark.hadoop.fs.s3a.secret.key", "spark.authenticate.secret"),
        *("spark.hadoop.fs.s3a.access.key", "spark.my.apikey", "spark.api-key", "AWS_ACCESS_KEY_ID", "GITHUB_TOKEN"),
        *("spark.ssl.privateKey", "spark.credentials.file"),
    ],
)
def test_a_name_that_sounds_like_a_secret_marks_it(name: str) -> None:
    marked = with_secret_mark(name, Setting("x", final=True, note="n"))
    assert marked == Setting("x", final=True, secret=True, note="n")


@pytest.mark.parametrize("name", ["spark.sql.shuffle.partitions", "queue", "spark.ui.key", "TZ"])
def test_another_name_leaves_the_mark_as_it_is(name: str) -> None:
    assert with_secret_mark(name, Setting("x")) == Setting("x")
    assert with_secret_mark(name, Setting("x", secret=True)) == Setting("x", secret=True)


@pytest.mark.parametrize("name", ["driver-memory", "spark.executor.memory", "spark.executor.memoryOverhead"])
@pytest.mark.parametrize("value", ["", "7g", "512m", "2GB", "1024", "1t", "3500m", "0"])
def test_a_size_as_spark_reads_it(name: str, value: str) -> None:
    assert list(value_faults("here", name, value)) == []


@pytest.mark.parametrize("value", ["lots", "1.5g", "-1g", "7 g", "7x", "g"])
def test_what_is_no_size(value: str) -> None:
    (fault,) = value_faults("here", "executor-memory", value)
    assert str(fault) == (
        f"here: Unexpected value {value!r}: executor-memory is a size like '7g' or '512m', without a fraction"
    )


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [("driver-memory", "1g\n", "1g"), ("spark.executor.memory", " 3500m ", "3500m"), ("executor-cores", "4\r\n", "4")],
)
def test_a_size_or_a_number_has_nothing_around_it(name: str, value: str, meant: str) -> None:
    (fault,) = value_faults("here", name, value)
    assert str(fault) == (
        f"here: Unexpected value {value!r}: it has blanks or a line break at its ends; write {meant!r}"
    )


@pytest.mark.parametrize("name", ["master", "queue", "deploy-mode", "proxy-user", "spark.master", "spark.yarn.queue"])
@pytest.mark.parametrize("value", ["yarn\n", "\nyarn", "ya\rrn"])
def test_what_is_one_word_holds_no_line_break_in_a_group(name: str, value: str) -> None:
    (fault,) = value_faults("here", name, value)
    assert fault.message == f"the value of {name} holds a line break, which would become part of it; write one line"


@pytest.mark.parametrize(
    ("kind", "name"), [(ARGUMENT, "driver-java-options"), (ARGUMENT, "jars"), (CONFIGURATION, "spark.x")]
)
def test_a_list_may_go_over_several_lines(kind: SettingKind, name: str) -> None:
    assert faults(kind, name, "/a.jar,\n/b.jar") == []


@pytest.mark.parametrize(
    ("name", "secret", "meant"),
    [("spark.x", False, "a b"), ("spark.x", True, " a b\t"), ("spark.my.password", False, " a b\t")],
)
def test_what_was_typed_loses_what_nobody_sees(name: str, secret: bool, meant: str) -> None:
    assert as_typed(name, "\r\n a b\t\n", secret=secret) == meant


def test_a_value_of_blanks_alone_stays_one() -> None:
    assert as_typed("spark.my.separator", "\t\n") == "\t"


@pytest.mark.parametrize("name", ["driver-cores", "executor-cores", "num-executors", "total-executor-cores"])
def test_what_is_no_number(name: str) -> None:
    assert list(value_faults("here", name, "4")) == []
    (fault,) = value_faults("here", name, "four")
    assert fault.message == f"Unexpected value 'four': {name} is a whole number like '4'"


@pytest.mark.parametrize("principal", ["", "etl", "etl@EXAMPLE.COM", "hive/_HOST@EXAMPLE.COM", r"a\@b@EXAMPLE.COM"])
def test_a_principal(principal: str) -> None:
    assert list(value_faults("here", "principal", principal)) == list(principal_faults("here", principal)) == []


@pytest.mark.parametrize(
    ("principal", "holds"), [("bla bla @@", "a blank"), ("etl@A\n", "a blank"), ("etl@@A", "more than one '@'")]
)
def test_what_is_no_principal(principal: str, holds: str) -> None:
    told = f"here: {principal!r} is no Kerberos principal: it holds {holds}; write it like etl@EXAMPLE.COM"
    for found in (
        principal_faults("here", principal),
        value_faults("here", "principal", principal),
        value_faults("here", "spark.kerberos.principal", principal),
    ):
        assert [str(fault) for fault in found] == [told]


def test_other_values_are_sparks_to_judge() -> None:
    assert list(value_faults("here", "spark.my.memory", "lots")) == []


class TestPlain:
    """What is taken for plain is not looked at any closer, so it must not have a fault."""

    @pytest.mark.parametrize(
        "name",
        [
            "spark.x",
            "spark.executor.memory",
            "spark.cores.max",
            "driver-memory",
            "spark.app.name",
            "spark.master",
            "spark.kerberos.principal",
            "a b",
            "ü",
            "",
        ],
    )
    @pytest.mark.parametrize(
        "value",
        [
            "",
            "7g",
            "4",
            "7 gig",
            "4\n",
            " 4",
            "a\nb",
            "a\x00b",
            "ü",
            "\ud800",
            pytest.param("x" * (MAX_VALUE_BYTES + 1), id="long"),
        ],
    )
    @pytest.mark.parametrize("note", ["", "why", "a\x00b", "\ud800", pytest.param("x" * (MAX_NOTE + 1), id="long")])
    def test_a_plain_setting_has_no_fault(self, name: str, value: str, note: str) -> None:
        kind = SettingKind.CONFIGURATION
        wrong = [*setting_faults("", kind, name, value), *value_faults("", name, value), *note_faults("", note)]
        assert not (is_plain(kind, name, Setting(value, note=note)) and wrong)

    @pytest.mark.parametrize(
        ("kind", "name", "setting", "plain"),
        [
            (SettingKind.CONFIGURATION, "spark.x", Setting("a value", final=True, note="why"), True),
            (SettingKind.CONFIGURATION, "spark.x", Setting("a value", secret=True), False),
            (SettingKind.CONFIGURATION, "spark.executor.memory", Setting("7g"), False),
            (SettingKind.CONFIGURATION, "spark.app.name", Setting("a"), False),
            (SettingKind.ARGUMENT, "queue", Setting("a"), False),
            (SettingKind.ENVIRONMENT, "TZ", Setting("UTC"), False),
        ],
    )
    def test_what_has_rules_of_its_own_is_not_plain(
        self, kind: SettingKind, name: str, setting: Setting, plain: bool
    ) -> None:
        assert is_plain(kind, name, setting) is plain
