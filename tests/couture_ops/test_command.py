"""The command of a plan, written out in full, and its properties file as Java itself reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config_store.wire import (
    EffectiveSetting,
    Language,
    Layer,
    PlannedArtifact,
    Resource,
    ResourceKind,
    SettingKind,
    SubmitPlan,
)
from couture_ops.class_archive import ClassArchive
from couture_ops.command import Command, build_command, join_properties, properties_text
from couture_ops.errors import MisplacedOption, SecretOnCommandLine, UnfitForProcess
from couture_ops.workspace import Workspace

ARGUMENT, CONFIGURATION = SettingKind.ARGUMENT, SettingKind.CONFIGURATION
ENVIRONMENT = SettingKind.ENVIRONMENT


def artifact(name: str) -> PlannedArtifact:
    return PlannedArtifact(name=name, sha256=name.encode().hex().ljust(64, "0")[:64], size=1, version=1)


def setting(kind: SettingKind, name: str, value: str, *, secret: bool = False) -> EffectiveSetting:
    return EffectiveSetting(kind=kind, name=name, value=value, layer=Layer.GROUP, secret=secret)


def resource(kind: ResourceKind, name: str | None = None, uri: str | None = None) -> Resource:
    return Resource(kind=kind, layer=Layer.GROUP, artifact=artifact(name) if name else None, uri=uri)


def make_plan(*settings_: EffectiveSetting, **changes: object) -> SubmitPlan:
    fields: dict[str, object] = {
        "group": "prod",
        "revision": 7,
        "language": Language.PYTHON,
        "app_name": "dag.task",
        "application": artifact("job.py"),
        "settings": settings_,
    }
    return SubmitPlan.model_validate(fields | changes)


def make_workspace(*names: str, archive: ClassArchive | None = None, **changes: Path) -> Workspace:
    fields: dict[str, Path | None] = dict.fromkeys(("hadoop_conf_dir", "properties_file", "keytab", "krb5_conf"))
    return Workspace(
        spark_submit=Path("/opt/spark/bin/spark-submit"),
        spark_home=Path("/opt/spark"),
        files={artifact(name).sha256: Path("/tries/s1/files", name) for name in ("job.py", *names)},
        directory=Path("/tries/s1"),
        class_archive=archive,
        **(fields | changes),
    )


class TestArgv:
    def test_jar_with_everything(self) -> None:
        plan = make_plan(
            setting(ARGUMENT, "executor-memory", "3500m"),
            setting(ARGUMENT, "driver-memory", "7g"),
            setting(ARGUMENT, "verbose", "false"),
            setting(ARGUMENT, "supervise", "true"),
            setting(ARGUMENT, "principal", "etl@EXAMPLE.ORG"),
            setting(ARGUMENT, "deploy-mode", "client"),
            setting(ARGUMENT, "master", "yarn"),
            setting(CONFIGURATION, "spark.workflow.taskId", "operator_task"),
            setting(CONFIGURATION, "spark.sql.shuffle.partitions", "210"),
            setting(CONFIGURATION, "spark.my.password", "never in argv", secret=True),
            setting(CONFIGURATION, "spark.note", "blanks  'quotes' \"double\"\nnewline % $HOME größe 😀 a=b\\"),
            setting(CONFIGURATION, "spark.cr", "dropped\rby spark-class"),
            setting(ENVIRONMENT, "TZ", "Europe/Berlin"),
            language=Language.JAVA,
            app_name="Couture",
            application=artifact("couture.jar"),
            class_path="ai.couture.MainClass",
            application_arguments=("inputData", "/outputData", "", "--conf", "-h", '{"a": "b c"}'),
            resources=(
                resource(ResourceKind.JAR, "hbase.jar"),
                resource(ResourceKind.FILE, uri="hdfs:///etc/log4j2.properties#log4j2.properties"),
                resource(ResourceKind.JAR, uri="s3a://jars/x.jar"),
                resource(ResourceKind.PY_FILE, "lib.zip"),
                resource(ResourceKind.JAR, "commons.jar"),
            ),
        )
        workspace = make_workspace(
            "couture.jar",
            "hbase.jar",
            "commons.jar",
            "lib.zip",
            properties_file=Path("/tries/s1/spark.properties"),
            keytab=Path("/tries/s1/kerberos/etl.keytab"),
            hadoop_conf_dir=Path("/cache/cd/cd"),
        )
        assert build_command(plan, workspace) == Command(
            argv=(
                "/opt/spark/bin/spark-submit",
                *("--master", "yarn"),
                *("--deploy-mode", "client"),
                *("--name", "Couture"),
                *("--class", "ai.couture.MainClass"),
                *("--driver-memory", "7g"),
                *("--executor-memory", "3500m"),
                *("--principal", "etl@EXAMPLE.ORG"),
                "--supervise",
                *("--jars", "/tries/s1/files/hbase.jar,s3a://jars/x.jar,/tries/s1/files/commons.jar"),
                *("--py-files", "/tries/s1/files/lib.zip"),
                *("--files", "hdfs:///etc/log4j2.properties#log4j2.properties"),
                *("--keytab", "/tries/s1/kerberos/etl.keytab"),
                *("--properties-file", "/tries/s1/spark.properties"),
                *("--conf", "spark.note=blanks  'quotes' \"double\"\nnewline % $HOME größe 😀 a=b\\"),
                *("--conf", "spark.sql.shuffle.partitions=210"),
                *("--conf", "spark.workflow.taskId=operator_task"),
                "/tries/s1/files/couture.jar",
                *("inputData", "/outputData", "", "--conf", "-h", '{"a": "b c"}'),
            ),
            environment={
                "TZ": "Europe/Berlin",
                "HADOOP_CONF_DIR": "/cache/cd/cd",
                "YARN_CONF_DIR": "/cache/cd/cd",
                "SPARK_HOME": "/opt/spark",
            },
        )

    def test_smallest_python(self) -> None:
        assert build_command(make_plan(), make_workspace()) == Command(
            argv=("/opt/spark/bin/spark-submit", "--name", "dag.task", "/tries/s1/files/job.py"),
            environment={"SPARK_HOME": "/opt/spark"},
        )

    def test_application_at_a_uri(self) -> None:
        plan = make_plan(
            application=None,
            application_uri="hdfs:///jars/couture.jar",
            class_path="a.b.Main",
            language=Language.JAVA,
        )
        assert build_command(plan, make_workspace()).argv == (
            "/opt/spark/bin/spark-submit",
            *("--name", "dag.task"),
            *("--class", "a.b.Main"),
            "hdfs:///jars/couture.jar",
        )

    def test_one_content_under_two_names(self) -> None:
        twin = artifact("job.py").model_copy(update={"name": "twin.py"})
        plan = make_plan(resources=(Resource(kind=ResourceKind.PY_FILE, layer=Layer.OPERATOR, artifact=twin),))
        assert build_command(plan, make_workspace()).argv == (
            "/opt/spark/bin/spark-submit",
            *("--name", "dag.task"),
            *("--py-files", "/tries/s1/files/twin.py"),
            "/tries/s1/files/job.py",
        )

    @pytest.mark.parametrize("value", ["true", "True"])
    def test_flags(self, value: str) -> None:
        plan = make_plan(setting(ARGUMENT, "verbose", value), setting(ARGUMENT, "supervise", "false"))
        assert build_command(plan, make_workspace()).argv == (
            "/opt/spark/bin/spark-submit",
            *("--name", "dag.task"),
            "--verbose",
            "/tries/s1/files/job.py",
        )

    def test_order_of_settings_does_not_matter(self) -> None:
        some = [
            setting(ARGUMENT, "queue", "q"),
            setting(CONFIGURATION, "spark.b", "2"),
            setting(ARGUMENT, "master", "yarn"),
            setting(CONFIGURATION, "spark.a", "1"),
        ]
        commands = [build_command(make_plan(*order), make_workspace()) for order in (some, some[::-1])]
        assert (
            commands[0].argv
            == commands[1].argv
            == (
                "/opt/spark/bin/spark-submit",
                *("--master", "yarn"),
                *("--name", "dag.task"),
                *("--queue", "q"),
                *("--conf", "spark.a=1"),
                *("--conf", "spark.b=2"),
                "/tries/s1/files/job.py",
            )
        )

    @pytest.mark.parametrize(("length", "in_argv"), [(100_000, True), (100_001, False)])
    def test_long_configurations_leave_argv(self, length: int, in_argv: bool) -> None:
        value = "ä" * ((length - len("spark.a=")) // 2) + "x" * ((length - len("spark.a=")) % 2)
        plan = make_plan(setting(CONFIGURATION, "spark.a", value))
        argv = build_command(plan, make_workspace()).argv
        assert (f"spark.a={value}" in argv) is in_argv
        assert (properties_text(plan) == "") is in_argv

    def test_secret_argument(self) -> None:
        plan = make_plan(setting(ARGUMENT, "driver-java-options", "-Dpassword=p", secret=True))
        with pytest.raises(SecretOnCommandLine) as caught:
            build_command(plan, make_workspace())
        assert str(caught.value) == (
            "The plan gives --driver-java-options as a secret, and every user of the host can read a command "
            "line. The store must turn it into its configuration; install the same couture-ops on workers "
            "and API servers."
        )

    @pytest.mark.parametrize("name", ["name", "class", "jars", "py-files", "files", "keytab", "conf"])
    def test_option_with_a_place_of_its_own(self, name: str) -> None:
        with pytest.raises(MisplacedOption) as caught:
            build_command(make_plan(setting(ARGUMENT, name, "x")), make_workspace())
        assert str(caught.value) == (
            f"The plan gives --{name} as a setting, though it has a place of its own in a plan; it would be "
            "given twice. Install the same couture-ops on workers and API servers."
        )

    def test_application_argument_with_a_carriage_return(self) -> None:
        with pytest.raises(UnfitForProcess) as caught:
            build_command(make_plan(application_arguments=("first", "a\r\nb")), make_workspace())
        assert str(caught.value) == (
            "Argument 5 of spark-submit, 'a\\r\\nb', contains a carriage return, which Spark's start script "
            "drops. Pass it in a file, or in another form (JSON writes CR as \\r)."
        )

    def test_application_argument_that_is_too_long(self) -> None:
        with pytest.raises(UnfitForProcess) as caught:
            build_command(make_plan(application_arguments=("ä" * 50_001,)), make_workspace())
        assert str(caught.value) == (
            f"Argument 4 of spark-submit, '{'ä' * 60}', has 100,002 bytes, more than the 100,000 that a "
            "process is started with. Pass it in a file, or in another form (JSON writes CR as \\r)."
        )

    def test_environment_with_nul(self) -> None:
        with pytest.raises(UnfitForProcess) as caught:
            build_command(make_plan(setting(ENVIRONMENT, "NOTE", "a\x00b")), make_workspace())
        assert str(caught.value) == (
            "The environment variable NOTE contains a NUL character, which ends a text there. Pass it in a "
            "file, or in another form (JSON writes CR as \\r)."
        )


class TestEnvironment:
    def test_kerberos(self) -> None:
        workspace = make_workspace(krb5_conf=Path("/tries/s1/krb5.conf"))
        assert build_command(make_plan(), workspace).environment == {
            "KRB5_CONFIG": "/tries/s1/krb5.conf",
            "SPARK_SUBMIT_OPTS": "-Djava.security.krb5.conf=/tries/s1/krb5.conf",
            "SPARK_HOME": "/opt/spark",
        }

    @pytest.mark.parametrize(
        ("in_plan", "base", "options"),
        [
            (None, {"SPARK_SUBMIT_OPTS": "-Xshare:auto"}, "-Xshare:auto"),
            ("-Dplan=1", {"SPARK_SUBMIT_OPTS": "-Xshare:auto"}, "-Dplan=1"),
        ],
    )
    def test_submit_opts_are_kept(self, in_plan: str | None, base: dict[str, str], options: str) -> None:
        plan = make_plan(*([setting(ENVIRONMENT, "SPARK_SUBMIT_OPTS", in_plan)] if in_plan else []))
        workspace = make_workspace(krb5_conf=Path('/tries of "x"/krb5.conf'))
        assert build_command(plan, workspace, base).environment["SPARK_SUBMIT_OPTS"] == (
            options + ' "-Djava.security.krb5.conf=/tries of \\"x\\"/krb5.conf"'
        )

    @pytest.mark.parametrize(("java", "quiet"), [(17, ""), (25, " -Xlog:aot*=off")])
    def test_a_class_archive_comes_behind_what_is_given(self, java: int, quiet: str) -> None:
        archive = ClassArchive(Path("/the cache/k1.jsa"), Path("/the cache/no-conf"), java)
        workspace = make_workspace(archive=archive, krb5_conf=Path("/tries/s1/krb5.conf"))
        base = {"SPARK_SUBMIT_OPTS": "-Da=b", "SPARK_CONF_DIR": "/etc/spark"}
        command = build_command(make_plan(), workspace, base)
        assert command.environment == {
            "KRB5_CONFIG": "/tries/s1/krb5.conf",
            "SPARK_CONF_DIR": "/the cache/no-conf",
            "SPARK_HOME": "/opt/spark",
            "SPARK_SUBMIT_OPTS": "-Da=b -Djava.security.krb5.conf=/tries/s1/krb5.conf "
            '"-XX:SharedArchiveFile=/the cache/k1.jsa" -Xshare:auto -XX:+VerifySharedSpaces -Xlog:cds*=off' + quiet,
        }
        assert command.argv == build_command(make_plan(), make_workspace()).argv

    def test_without_hadoop_files_the_base_stays(self) -> None:
        base = {"HADOOP_CONF_DIR": "/etc/hadoop", "SPARK_SUBMIT_OPTS": "-Da=b"}
        assert build_command(make_plan(), make_workspace(), base).environment == {"SPARK_HOME": "/opt/spark"}

    def test_secrets_stay_out_of_the_repr(self) -> None:
        command = build_command(make_plan(setting(ENVIRONMENT, "TOKEN", "t0k", secret=True)), make_workspace())
        assert command.environment["TOKEN"] == "t0k"
        assert "t0k" not in repr(command)

    @pytest.mark.parametrize(
        "master",
        [(), (setting(ARGUMENT, "master", "local[2]"),), (setting(CONFIGURATION, "spark.master", "local"),)],
        ids=["absent", "argument", "configuration"],
    )
    def test_python_of_a_local_driver(self, master: tuple[EffectiveSetting, ...]) -> None:
        command = build_command(make_plan(*master), make_workspace(), {}, python="/venv/bin/python")
        assert command.environment == {"SPARK_HOME": "/opt/spark", "PYSPARK_PYTHON": "/venv/bin/python"}

    @pytest.mark.parametrize(
        ("plan", "base"),
        [
            (make_plan(setting(ARGUMENT, "master", "yarn")), {}),
            (make_plan(setting(CONFIGURATION, "spark.master", "spark://m:7077")), {}),
            (make_plan(setting(CONFIGURATION, "spark.pyspark.python", "/p")), {}),
            (make_plan(setting(CONFIGURATION, "spark.pyspark.driver.python", "/p")), {}),
            (make_plan(), {"PYSPARK_PYTHON": "/p"}),
            (make_plan(), {"PYSPARK_DRIVER_PYTHON": "/p"}),
            (make_plan(language=Language.JAVA, class_path="a.B"), {}),
        ],
        ids=["yarn", "standalone", "python", "driver python", "base", "base driver", "java"],
    )
    def test_python_is_left_to_spark(self, plan: SubmitPlan, base: dict[str, str]) -> None:
        command = build_command(plan, make_workspace(), base, python="/venv/bin/python")
        assert command.environment == {"SPARK_HOME": "/opt/spark"}

    def test_python_of_the_plan(self) -> None:
        plan = make_plan(setting(ENVIRONMENT, "PYSPARK_PYTHON", "/p"))
        command = build_command(plan, make_workspace(), {}, python="/venv/bin/python")
        assert command.environment == {"SPARK_HOME": "/opt/spark", "PYSPARK_PYTHON": "/p"}


class TestPropertiesText:
    def test_empty_when_nothing_needs_it(self) -> None:
        plan = make_plan(
            setting(CONFIGURATION, "spark.a", "1"),
            setting(ENVIRONMENT, "TOKEN", "t", secret=True),
            setting(ARGUMENT, "queue", "q"),
        )
        assert properties_text(plan) == ""

    def test_escapes(self) -> None:
        plan = make_plan(
            setting(CONFIGURATION, "spark.z key=:#!\\", "  two blanks ", secret=True),
            setting(CONFIGURATION, "spark.lines", "cr\r\nlf\n\ttab\fff", secret=False),
            setting(CONFIGURATION, "spark.größe", "😀 a=b:c#d!e\\ ~\x7f\x00", secret=True),
        )
        assert properties_text(plan) == (
            "spark.gr\\u00f6\\u00dfe=\\ud83d\\ude00 a\\=b\\:c\\#d\\!e\\\\ ~\\u007f\\u0000\n"
            "spark.lines=cr\\r\\nlf\\n\\ttab\\fff\n"
            "spark.z\\ key\\=\\:\\#\\!\\\\=\\  two blanks \n"
        )

    def test_joined_behind_nothing(self) -> None:
        assert join_properties(b"", "spark.a=1\n") == b"spark.a=1\n"


#: Reads properties files as Spark does (UTF-8, java.util.Properties); writes key=value,… in hex, a line each.
PROPS_JAVA = """
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;

public class Props {
    static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_16BE));
    }

    public static void main(String[] arguments) throws IOException {
        for (int number = 0; number < Integer.parseInt(arguments[1]); number++) {
            Properties properties = new Properties();
            Path path = Path.of(arguments[0], number + ".properties");
            try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
                properties.load(reader);
            }
            System.out.println(properties.stringPropertyNames().stream()
                .map(name -> hex(name) + "=" + hex(properties.getProperty(name)))
                .collect(Collectors.joining(",")));
        }
    }
}
"""

#: (spark-defaults.conf, what it says)
DEFAULTS: tuple[tuple[bytes, dict[str, str]], ...] = (
    (b"", {}),
    (b"\n", {}),
    (b"spark.a 1", {"spark.a": "1"}),
    (b"spark.a=1\n", {"spark.a": "1"}),
    (b"spark.a=1\r\n", {"spark.a": "1"}),
    (b"spark.a=1\r", {"spark.a": "1"}),
    (b"spark.a=1\\", {"spark.a": "1"}),
    (b"spark.a=1\\\n", {"spark.a": "1"}),
    (b"spark.a=1\\\r\n", {"spark.a": "1"}),
    (b"spark.a=1\\\r", {"spark.a": "1"}),
    (b"spark.a=1\\\\", {"spark.a": "1\\"}),
    (b"\\", {}),
    (b"# a comment", {}),
    (b"# a comment\\", {}),
    (b"spark.ours theirs", {}),
    ("spark.größe 1".encode(), {"spark.größe": "1"}),
)
OURS = {"spark.ours": "ours = ours"}

SPECIAL = st.sampled_from(" \t\n\r\f\\=:#!,é\xa0\u2028😀\x00\x7f\x1fu0")
TEXT = st.text(SPECIAL | st.characters(codec="utf-8"), max_size=30)
SETTINGS = st.dictionaries(TEXT.filter(bool), TEXT, max_size=6)


def secret_text(configurations: dict[str, str]) -> str:
    return properties_text(make_plan(*(setting(CONFIGURATION, *item, secret=True) for item in configurations.items())))


def generate_settings() -> list[dict[str, str]]:
    """What hypothesis thinks of, gathered so that one JVM can judge it all."""
    gathered: list[dict[str, str]] = []

    @settings(max_examples=400, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(SETTINGS)
    def gather(configurations: dict[str, str]) -> None:
        gathered.append(configurations)

    gather()
    return gathered


def read_with_java(directory: Path, contents: list[bytes]) -> list[dict[str, str]]:
    for number, content in enumerate(contents):
        (directory / f"{number}.properties").write_bytes(content)
    (directory / "Props.java").write_text(PROPS_JAVA)
    command = ["java", str(directory / "Props.java"), str(directory), str(len(contents))]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [_decode(line) for line in output.split("\n")[:-1]]


def _decode(line: str) -> dict[str, str]:
    pairs = (pair.split("=") for pair in line.split(",") if pair)
    return {_from_hex(key): _from_hex(value) for key, value in pairs}


def _from_hex(text: str) -> str:
    return bytes.fromhex(text).decode("utf-16-be")


class Judged(NamedTuple):
    """What Java read: of the generated settings, and of ours behind each of DEFAULTS."""

    generated: list[dict[str, str]]
    read: list[dict[str, str]]
    joined: list[dict[str, str]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    if shutil.which("java") is None:
        pytest.skip("no java on the PATH")
    generated = generate_settings()
    contents = [secret_text(configurations).encode("ascii") for configurations in generated]
    contents += [join_properties(defaults, secret_text(OURS)) for defaults, _ in DEFAULTS]
    read = read_with_java(tmp_path_factory.mktemp("properties"), contents)
    return Judged(generated, read[: len(generated)], read[len(generated) :])


class TestJavaReadsTheProperties:
    def test_every_text_comes_back(self, judged: Judged) -> None:
        assert len(judged.generated) >= 100
        assert judged.read == judged.generated

    def test_defaults_stay_and_ours_win(self, judged: Judged) -> None:
        assert judged.joined == [said | OURS for _, said in DEFAULTS]
