"""From a request to a plan: every layer in its place, every contradiction found before anything starts."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from config_store import resolution
from config_store.errors import (
    FinalOverridden,
    InvalidInput,
    NoDefaultGroup,
    NotFound,
    UnknownGroup,
    Unresolvable,
)
from config_store.resolution import redact_request
from config_store.settings import Setting
from config_store.wire import (
    Beaten,
    EffectiveSetting,
    Layer,
    PlannedArtifact,
    Resource,
    ResourceKind,
    SettingKind,
    StoredFile,
    SubmitPlan,
)
from tests.config_store.store import CODE, Store, effective, final, job, keytab, only, refused, resources, secret
from tests.stand_ins import task

if TYPE_CHECKING:
    from config_store.wire import TaskIdentity

ARGUMENT, CONFIGURATION, ENVIRONMENT = SettingKind.ARGUMENT, SettingKind.CONFIGURATION, SettingKind.ENVIRONMENT
DOTS = "••••••"
PRINCIPAL = "etl@EXAMPLE.ORG"


@pytest.fixture
def database_kind() -> str:
    """What is resolved is the same on every database."""
    return "sqlite"


def setting(plan: SubmitPlan, kind: SettingKind, name: str) -> EffectiveSetting:
    found = plan.setting(kind, name)
    assert found is not None
    return found


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def acceptance(store: Store) -> Store:
    """The store of the acceptance cases: the group ``default``, and what their tasks run."""
    for name in ("hbase.jar", "commons.jar", "obelisk.egg"):
        store.upload(name)
    for name in ("couture.jar", "job.jar", "pi.py"):
        store.upload(name, kind=CODE)
    store.create(
        "default",
        arguments={"master": "yarn", "driver-memory": "7g", "executor-memory": "3500m", "keytab": "", "principal": ""},
        configurations={
            "spark.sql.shuffle.partitions": "210",
            "spark.scheduler.mode": "FAIR",
            "spark.pyspark.python": "/usr/bin/python3",
        },
        jars=["hbase.jar", "commons.jar"],
        hadoop_files=(
            store.config_file("core-site.xml", "<configuration/>"),
            store.config_file("yarn-site.xml", "<configuration><!-- yarn --></configuration>"),
        ),
    )
    return store


BASE = {
    "--driver-memory": "7g",
    "--executor-memory": "3500m",
    "--master": "yarn",
    "spark.pyspark.python": "/usr/bin/python3",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.shuffle.partitions": "210",
}
BASE_JARS = ["jars group hbase.jar@1", "jars group commons.jar@1"]


def identity_of(plan: SubmitPlan) -> dict[str, str]:
    """What the suite sets on every job."""
    return {s.name: s.value for s in plan.settings if s.layer is Layer.SUITE}


class TestAcceptance:
    def test_1_a_plain_jar(self, acceptance: Store) -> None:
        plan = acceptance.plan(
            task("dag", "operator_task"),
            language="java",
            app_name="Couture",
            class_path="ai.couture.MainClass",
            code_artifact="couture.jar",
            application_arguments=["inputData", "/outputData"],
        )
        assert effective(plan) == BASE
        assert resources(plan) == BASE_JARS
        assert identity_of(plan) == {"spark.workflow.dagId": "dag", "spark.workflow.taskId": "operator_task"}
        assert (plan.app_name, plan.class_path) == ("Couture", "ai.couture.MainClass")
        assert plan.application == PlannedArtifact(
            name="couture.jar", version=1, sha256=sha256("couture.jar"), size=len("couture.jar")
        )
        assert plan.application_arguments == ("inputData", "/outputData")
        assert [file.name for file in plan.hadoop_files] == ["core-site.xml", "yarn-site.xml"]
        assert (plan.group, plan.revision, plan.warnings) == ("default", 1, ())

    @pytest.mark.parametrize(
        "argument",
        [
            '{"method_id": "PreProcessHistoryData", "dag_id": "dag", "method_args_dict": {"search_term_column": '
            '"search_term"}, "input_base_dir_path": "/ga/2025-01-01/", "output_base_dir_path": "/h/"}',
            '{"task_id": "fetch_videos", "dag_id": "dag", "task_args_dict": {"task_strategy": "parallel"}}',
            '{"method_id": "m", "dag_id": "dag", "method_args_dict": {"file_paths": "", "": ""}}',
        ],
        ids=["2", "3", "4"],
    )
    def test_2_3_4_the_one_argument_of_a_dictionary_job_passes_untouched(
        self, acceptance: Store, argument: str
    ) -> None:
        plan = acceptance.plan(
            task("dag", "fetch"),
            language="java",
            class_path="a.b.Main",
            code_artifact="couture.jar",
            application_arguments=[argument],
        )
        assert plan.app_name == "dag.fetch"
        assert plan.application_arguments == (argument,)
        assert effective(plan) == BASE

    def test_5_each_group_with_its_hadoop_files_and_live_edits(self, acceptance: Store) -> None:
        for name in ("g_large", "g_delta"):
            site = acceptance.config_file("core-site.xml", f"<configuration><!-- {name} --></configuration>")
            acceptance.create(name, arguments={"master": "yarn", "executor-memory": "4g"}, hadoop_files=(site,))
        plans = [acceptance.plan(config_group=group) for group in ("g_large", "g_delta", None)]
        assert [plan.group for plan in plans] == ["g_large", "g_delta", "default"]
        assert len({plan.hadoop_digest for plan in plans}) == 3
        with pytest.raises(UnknownGroup, match=r"Config groups: default, g_delta, g_large\.$"):
            acceptance.plan(config_group="g_lagre")
        running = acceptance.submit(config_group="g_large", proof="try-1")
        acceptance.save("g_large", arguments={"master": "yarn", "executor-memory": "8g"})
        assert effective(acceptance.plan(config_group="g_large"))["--executor-memory"] == "8g"
        assert effective(acceptance.receipt(running.submission_id).plan)["--executor-memory"] == "4g"

    def test_6_pyspark(self, acceptance: Store) -> None:
        acceptance.save("default", py_files=["obelisk.egg"])
        plan = acceptance.plan(
            app_name="A", code_artifact="pi.py", exclude_spark_args=["jars"], python_conf="/data/envs/p3/bin/python"
        )
        assert effective(plan) == BASE | {"spark.yarn.appMasterEnv.PYSPARK_PYTHON": "/data/envs/p3/bin/python"}
        assert resources(plan) == ["py-files group obelisk.egg@1"]
        assert (plan.app_name, plan.class_path, plan.application_arguments) == ("A", None, ())

    def test_7_default_args_carry_everything(self, acceptance: Store) -> None:
        argument = '{"method_id": "PreProcessHistoryData", "dag_id": "dag"}'
        plan = acceptance.plan(
            task("dag", "t"),
            language="java",
            config_group="default",
            code_artifact="job.jar",
            class_path="a.b.Main",
            application_arguments=[argument],
        )
        assert effective(plan) == BASE
        assert plan.application is not None
        assert (plan.application.name, plan.class_path, plan.app_name) == ("job.jar", "a.b.Main", "dag.t")

    def test_8_a_missing_artifact(self, acceptance: Store) -> None:
        said = refused(NotFound, acceptance, language="java", code_artifact="cuoture.jar")
        assert said == "There is no code artifact 'cuoture.jar'. Did you mean: couture.jar, job.jar?"
        said = refused(InvalidInput, acceptance, language="java", code_artifact="../x.jar")
        assert said.startswith("code_artifact: '../x.jar' is refused: ")


class TestGroup:
    def test_a_store_without_groups_says_how_to_begin(self, store: Store) -> None:
        assert refused(NoDefaultGroup, store) == (
            "No config group is named and the store has no default group; create one with `couture groups create NAME`."
        )

    @pytest.mark.parametrize("name", [None, ""])
    def test_the_default_counts_when_none_is_named(self, store: Store, name: str | None) -> None:
        store.create("first")
        assert store.plan(config_group=name).group == "first"

    @pytest.mark.parametrize("name", ["prd", "   ", "x" * 300, "a/b", "\x00"])
    def test_an_unknown_one_is_refused(self, store: Store, name: str) -> None:
        store.create("prod")
        with pytest.raises(UnknownGroup):
            store.plan(config_group=name)

    def test_everything_of_it_stands_in_the_plan(self, store: Store) -> None:
        def argument(name: str, value: str) -> dict[str, Any]:
            return {"kind": "argument", "name": name, "value": value, "layer": "group"}

        core = store.config_file("core-site.xml", "<configuration/>")
        krb5 = store.config_file("krb5.conf", "[libdefaults]")
        store.create(
            "prod",
            arguments={"master": Setting("yarn", final=True, note="our only cluster")},
            environment={"TZ": "UTC"},
            hadoop_files=(core,),
            principal=PRINCIPAL,
            keytab=keytab(store),
            krb5_conf=krb5,
            spark_home="spark4",
        )
        assert store.plan() == SubmitPlan.model_validate(
            {
                "group": "prod",
                "revision": 1,
                "language": "python",
                "app_name": "sales.load",
                "application_uri": "s3a://jobs/job.py",
                "settings": [
                    argument("master", "yarn") | {"final": True, "note": "our only cluster"},
                    argument("principal", PRINCIPAL),
                    {"kind": "configuration", "name": "spark.workflow.dagId", "value": "sales", "layer": "suite"},
                    {"kind": "configuration", "name": "spark.workflow.taskId", "value": "load", "layer": "suite"},
                    {"kind": "environment", "name": "TZ", "value": "UTC", "layer": "group"},
                ],
                "hadoop_files": [{"name": "core-site.xml", "sha256": sha256("<configuration/>"), "size": 16}],
                "hadoop_digest": sha256(f'[["core-site.xml", "{sha256("<configuration/>")}"]]'),
                "keytab": {"name": "etl.keytab", "content": base64.b64encode(b"\x05\x02kt").decode()},
                "krb5_conf": {"name": "krb5.conf", "sha256": sha256("[libdefaults]"), "size": 13},
                "spark_home": "spark4",
            }
        )

    def test_hadoop_files_have_one_digest_whatever_their_order(self, store: Store) -> None:
        files = [store.config_file(f"{name}-site.xml", f"<configuration>{name}</configuration>") for name in "ab"]
        store.create("ab", hadoop_files=tuple(files))
        store.create("ba", hadoop_files=tuple(reversed(files)))
        store.create("none")
        digests = [store.plan(config_group=name).hadoop_digest for name in ("ab", "ba", "none")]
        assert digests[0] == digests[1]
        assert digests[2] is None


class TestPrecedence:
    def test_a_variable_called_files_reaches_the_job_as_a_variable(self, store: Store) -> None:
        store.create("prod", environment={"files": "a,b"})
        plan = store.plan(env_vars={"jars": "/none.jar"})
        assert [(s.kind, s.name, s.value) for s in plan.settings if s.layer is not Layer.SUITE] == [
            (ENVIRONMENT, "files", "a,b"),
            (ENVIRONMENT, "jars", "/none.jar"),
        ]
        assert plan.resources == ()

    def test_the_task_wins_over_its_group_and_records_what_it_beat(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a"}, configurations={"spark.x": "1"}, environment={"TZ": "UTC"})
        plan = store.plan(
            spark_arguments={"queue": "b"}, spark_configurations={"spark.x": "2"}, env_vars={"TZ": "Europe/Berlin"}
        )
        assert [s for s in plan.settings if s.layer is not Layer.SUITE] == [
            EffectiveSetting(kind=kind, name=name, value=new, layer=Layer.OPERATOR, beat=(beaten,))
            for kind, name, new, beaten in [
                (ARGUMENT, "queue", "b", Beaten(layer=Layer.GROUP, name="queue", value="a")),
                (CONFIGURATION, "spark.x", "2", Beaten(layer=Layer.GROUP, name="spark.x", value="1")),
                (ENVIRONMENT, "TZ", "Europe/Berlin", Beaten(layer=Layer.GROUP, name="TZ", value="UTC")),
            ]
        ]

    @pytest.mark.parametrize(
        ("section", "stored", "field", "asked", "kind"),
        [
            ("arguments", "driver-memory", "spark_configurations", "spark.driver.memory", CONFIGURATION),
            ("configurations", "spark.driver.memory", "spark_arguments", "driver-memory", ARGUMENT),
        ],
    )
    def test_a_twin_of_a_higher_layer_wins(
        self, store: Store, section: str, stored: str, field: str, asked: str, kind: SettingKind
    ) -> None:
        store.create("prod", **only(section, stored, "7g"))
        plan = store.plan(**only(field, asked, "9g"))
        assert [s for s in plan.settings if s.layer is not Layer.SUITE] == [
            EffectiveSetting(
                kind=kind,
                name=asked,
                value="9g",
                layer=Layer.OPERATOR,
                beat=(Beaten(layer=Layer.GROUP, name=stored, value="7g"),),
            )
        ]

    def test_twins_of_one_request_are_refused(self, store: Store) -> None:
        store.create("prod")
        said = refused(
            InvalidInput,
            store,
            spark_arguments={"driver-memory": "7g"},
            spark_configurations={"spark.driver.memory": "7g"},
        )
        assert said == (
            "spark_configurations.spark.driver.memory: spark.driver.memory and --driver-memory are the same setting "
            "and both are given; keep one"
        )

    def test_python_conf_and_its_property_are_twins(self, store: Store) -> None:
        store.create("prod")
        name = "spark.yarn.appMasterEnv.PYSPARK_PYTHON"
        assert refused(InvalidInput, store, python_conf="/a", spark_configurations={name: "/b"}) == (
            f"spark_configurations.{name}: {name} and python_conf are the same setting and both are given; keep one"
        )
        assert effective(store.plan(python_conf="/a", spark_configurations={name: ""})) == {name: "/a"}

    def test_python_conf_wins_over_the_group(self, store: Store) -> None:
        name = "spark.yarn.appMasterEnv.PYSPARK_PYTHON"
        store.create("prod", configurations={name: "/group"})
        store.create("fixed", configurations={name: final("/group")})
        assert effective(store.plan(python_conf="/task")) == {name: "/task"}
        with pytest.raises(FinalOverridden):
            store.plan(python_conf="/task", config_group="fixed")

    def test_empty_values_are_dropped_on_every_layer(self, store: Store) -> None:
        store.create(
            "prod",
            arguments={"queue": "", "principal": "", "keytab": "", "driver-memory": "7g"},
            configurations={"spark.x": ""},
            environment={"TZ": "", "A_TOKEN": ""},
        )
        plan = store.plan(
            spark_arguments={"driver-memory": "", "num-executors": ""},
            spark_configurations={"spark.y": ""},
            env_vars={"LANG": ""},
            python_conf="",
            app_name="",
        )
        assert effective(plan) == {"--driver-memory": "7g"}
        assert plan.app_name == "sales.load"

    def test_flags_are_spelled_one_way(self, store: Store) -> None:
        store.create("prod", arguments={"verbose": "TRUE"})
        assert effective(store.plan()) == {"--verbose": "true"}

    def test_the_suite_names_the_task_on_every_job(self, store: Store) -> None:
        store.create("prod")
        assert identity_of(store.plan(task("d", "t"))) == {"spark.workflow.dagId": "d", "spark.workflow.taskId": "t"}
        said = refused(InvalidInput, store, spark_configurations={"spark.workflow.taskId": "forged"})
        assert said.endswith("spark.workflow.taskId can't be set here: the suite sets it on every job")

    def test_every_fault_of_a_request_is_told_with_its_place(self, store: Store) -> None:
        store.create("prod")
        with pytest.raises(InvalidInput) as caught:
            store.plan(
                spark_arguments={"driver-memroy": "7g", "name": "x"},
                spark_configurations={"a b": "1"},
                env_vars={"HADOOP_CONF_DIR": "/tmp"},
                application_arguments=["fine", "a\x00b"],
                app_name="\x00",
                class_path="\x00",
                python_conf="\x00",
            )
        assert [fault.where for fault in caught.value.faults] == [
            "spark_arguments.driver-memroy",
            "spark_arguments.name",
            "spark_configurations.a b",
            "env_vars.HADOOP_CONF_DIR",
            "application_arguments[1]",
            "app_name",
            "class_path",
            "python_conf",
        ]


class TestFinal:
    @pytest.mark.parametrize(
        ("section", "name", "request_fields", "message"),
        [
            (
                "arguments",
                "driver-memory",
                {"spark_arguments": {"driver-memory": "9g"}},
                "driver-memory=7g is final in config group 'prod': the task may not change it "
                "(spark_arguments: driver-memory=9g).",
            ),
            (
                "arguments",
                "driver-memory",
                {"spark_configurations": {"spark.driver.memory": "9g"}},
                "driver-memory=7g is final in config group 'prod': the task may not change it "
                "(spark_configurations: spark.driver.memory=9g).",
            ),
            (
                "configurations",
                "spark.driver.memory",
                {"spark_arguments": {"driver-memory": "9g"}},
                "spark.driver.memory=7g is final in config group 'prod': the task may not change it "
                "(spark_arguments: driver-memory=9g).",
            ),
            (
                "environment",
                "TZ",
                {"env_vars": {"TZ": "UTC"}},
                "TZ=7g is final in config group 'prod': the task may not change it (env_vars: TZ=UTC).",
            ),
            (
                "arguments",
                "driver-memory",
                {"exclude_spark_args": ["driver-memory"]},
                "driver-memory=7g is final in config group 'prod': the task may not exclude it (exclude_spark_args).",
            ),
            (
                "arguments",
                "driver-memory",
                {"exclude_spark_args": ["spark.driver.memory"]},
                "driver-memory=7g is final in config group 'prod': the task may not exclude it (exclude_spark_args).",
            ),
            (
                "configurations",
                "spark.driver.memory",
                {"exclude_spark_args": ["driver-memory"]},
                "spark.driver.memory=7g is final in config group 'prod': the task may not exclude it "
                "(exclude_spark_args).",
            ),
        ],
    )
    def test_no_task_gets_around_it(
        self, store: Store, section: str, name: str, request_fields: dict[str, Any], message: str
    ) -> None:
        store.create("prod", **only(section, name, final("7g")))
        remedy = "\nRemove that from the task, or ask an admin to lift the mark."
        assert refused(FinalOverridden, store, **request_fields) == message + remedy

    @pytest.mark.parametrize("stored", ["arguments", "configurations"])
    @pytest.mark.parametrize(
        ("request_fields", "asked"),
        [
            ({"jars": ["s3a://x/b.jar"]}, "s3a://x/b.jar"),
            ({"spark_arguments": {"jars": "s3a://x/b.jar"}}, "s3a://x/b.jar"),
            ({"spark_configurations": {"spark.jars": "s3a://x/b.jar"}}, "s3a://x/b.jar"),
        ],
    )
    def test_nothing_is_added_to_a_final_list(
        self, store: Store, stored: str, request_fields: dict[str, Any], asked: str
    ) -> None:
        name = "jars" if stored == "arguments" else "spark.jars"
        store.create("prod", **only(stored, name, final("s3a://x/a.jar")))
        assert refused(FinalOverridden, store, **request_fields).startswith(
            f"{name}=s3a://x/a.jar is final in config group 'prod': the task may not add to it ({asked})."
        )
        assert resources(store.plan(spark_arguments={"jars": ""})) == ["jars group s3a://x/a.jar"]
        with pytest.raises(FinalOverridden, match="may not exclude it"):
            store.plan(exclude_spark_args=["jars"])

    def test_the_same_value_is_no_change(self, store: Store) -> None:
        store.create("prod", arguments={"driver-memory": final("7g")})
        assert effective(store.plan(spark_configurations={"spark.driver.memory": "7g"})) == {
            "spark.driver.memory": "7g"
        }

    def test_an_empty_value_may_be_final(self, store: Store) -> None:
        store.create("prod", arguments={"proxy-user": final("")})
        assert refused(FinalOverridden, store, spark_arguments={"proxy-user": "root"}).startswith(
            "proxy-user= is final in config group 'prod': the task may not change it "
        )
        assert effective(store.plan(exclude_spark_args=["proxy-user"])) == {}

    @pytest.mark.parametrize(
        "request_fields",
        [{"spark_configurations": {"spark.yarn.queue": "planted-task"}}, {"exclude_spark_args": ["queue"]}],
    )
    def test_a_secret_one_is_not_told(self, store: Store, request_fields: dict[str, Any]) -> None:
        store.create("prod", arguments={"queue": Setting("planted-group", final=True, secret=True)})
        said = refused(FinalOverridden, store, **request_fields)
        assert said.startswith(f"queue={DOTS} is final in config group 'prod'")
        assert "planted" not in said


class TestExclude:
    @pytest.mark.parametrize("section", ["arguments", "configurations"])
    @pytest.mark.parametrize("excluded", ["driver-memory", "spark.driver.memory"])
    def test_either_twins_name_leaves_the_groups_setting_out(self, store: Store, section: str, excluded: str) -> None:
        name = "driver-memory" if section == "arguments" else "spark.driver.memory"
        store.create("prod", **only(section, name, "7g"))
        plan = store.plan(exclude_spark_args=[excluded])
        assert effective(plan) == {}
        assert plan.warnings == ()

    def test_the_tasks_own_setting_stays(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a"}, environment={"TZ": "UTC"})
        plan = store.plan(exclude_spark_args=["queue", "TZ"], spark_arguments={"queue": "b"})
        assert setting(plan, ARGUMENT, "queue").beat == ()
        assert effective(plan) == {"--queue": "b"}

    def test_a_name_that_nobody_sets_is_a_warning(self, store: Store) -> None:
        store.create("prod")
        assert store.plan(exclude_spark_args=["executor-memroy", "queue"]).warnings == (
            "exclude_spark_args names 'executor-memroy', which group 'prod' does not set",
        )

    @pytest.mark.parametrize("names", [["keytab", "principal"], ["spark.kerberos.keytab", "spark.kerberos.principal"]])
    def test_kerberos_may_be_left_out(self, store: Store, names: list[str]) -> None:
        store.create("prod", principal=PRINCIPAL, keytab=keytab(store))
        plan = store.plan(exclude_spark_args=names)
        assert (effective(plan), plan.keytab, plan.warnings) == ({}, None, ())


class TestApplication:
    def test_code_is_the_newest_version_or_the_one_named(self, store: Store) -> None:
        store.create("prod")
        for data in (b"1", b"2"):
            store.upload("job.py", data, kind=CODE)
        plans = [store.plan(code_artifact="job.py", code_artifact_version=version) for version in (None, 1)]
        assert [plan.application.version for plan in plans if plan.application] == [2, 1]

    @pytest.mark.parametrize(
        ("request_fields", "message"),
        [
            (
                {"code_artifact": "jbo.py"},
                "There is no code artifact 'jbo.py'. Did you mean: job.py?",
            ),
            (
                {"code_artifact": "job.py", "code_artifact_version": 7},
                "There is no version of code artifact 'job.py' with number '7'. Did you mean: 1?",
            ),
            (
                {"code_artifact": "job.py", "code_artifact_version": 10**30},
                f"There is no version of code artifact 'job.py' with number '{10**30}'. Did you mean: 1?",
            ),
            (
                {"code_artifact": "library.py"},
                "There is no code artifact 'library.py'. Did you mean: job.py?",
            ),
        ],
    )
    def test_missing_code_is_named_with_the_nearest(
        self, store: Store, request_fields: dict[str, Any], message: str
    ) -> None:
        store.create("prod")
        store.upload("job.py", kind=CODE)
        store.upload("library.py")
        assert refused(NotFound, store, **request_fields) == message

    @pytest.mark.parametrize("name", ["../x.py", "/etc/x.py", "a/x.py", "   ", "x\x00.py", "x" * 300 + ".py", "ö.py"])
    def test_a_bad_name_is_refused(self, store: Store, name: str) -> None:
        store.create("prod")
        assert refused(InvalidInput, store, code_artifact=name).startswith("code_artifact: ")

    @pytest.mark.parametrize(
        ("language", "name", "message"),
        [
            (
                "java",
                "job.py",
                "code_artifact 'job.py' is no .jar file; use CouturePySparkOperator for it, or name another.",
            ),
            (
                "python",
                "job.jar",
                "code_artifact 'job.jar' is no .py file; use CoutureSparkOperator for it, or name another.",
            ),
            (
                "python",
                "job.zip",
                "code_artifact 'job.zip' is no .py file; a .zip, .egg or .whl is what py_files add to a job, or name "
                "another.",
            ),
        ],
    )
    def test_code_of_the_other_language_is_refused(self, store: Store, language: str, name: str, message: str) -> None:
        store.create("prod")
        store.upload(name, kind=CODE)
        assert refused(Unresolvable, store, language=language, code_artifact=name) == message

    @pytest.mark.parametrize(
        "fields", [{"application_uri": None}, {"code_artifact": "a.py", "application_uri": "s3a://b"}]
    )
    def test_one_thing_is_run(self, store: Store, fields: dict[str, Any]) -> None:
        store.create("prod")
        assert refused(Unresolvable, store, **fields) == (
            "Exactly one of code_artifact and jar_path says what to run; give one of them."
        )

    def test_an_empty_name_names_nothing(self, store: Store) -> None:
        store.create("prod")
        store.upload("job.py", kind=CODE)
        assert store.plan(code_artifact="", application_uri="s3a://jobs/job.py").application is None
        assert store.plan(code_artifact="job.py", application_uri="").application is not None

    def test_python_has_no_main_class(self, store: Store) -> None:
        store.create("prod")
        assert refused(Unresolvable, store, class_path="a.b.Main") == (
            "class_path names the main class of a jar; a python file has none, leave it out."
        )

    @pytest.mark.parametrize(
        "uri", ["s3a://jobs/job.jar", "hdfs:///jobs/job.jar", "local:/opt/job.jar", "/opt/job.jar"]
    )
    def test_a_uri_may_stand_for_code(self, store: Store, uri: str) -> None:
        store.create("prod")
        plan = store.plan(language="java", application_uri=uri)
        assert (plan.application, plan.application_uri) == (None, uri)

    @pytest.mark.parametrize(
        "uri", ["--conf", "-h", "--class=x", "job.jar", "../job.jar", "spark-internal", " ", "s3a://a\x00b"]
    )
    def test_what_spark_submit_would_take_for_an_option_is_no_uri(self, store: Store, uri: str) -> None:
        store.create("prod", arguments={"driver-memory": final("7g")})
        smuggled = ["spark.driver.memory=99g", "s3a://jobs/job.jar"]
        assert refused(
            InvalidInput, store, language="java", application_uri=uri, application_arguments=smuggled
        ).startswith("jar_path: ")


class TestWhatSparkWouldDo:
    @pytest.mark.parametrize("said", [{}, {"spark_configurations": {"spark.yarn.submit.waitAppCompletion": "false"}}])
    def test_in_a_cluster_spark_submit_always_waits(self, store: Store, said: dict[str, Any]) -> None:
        site = store.config_file("core-site.xml", "<configuration/>")
        store.create("prod", hadoop_files=(site,), arguments={"master": "yarn"})
        waiting = "spark.yarn.submit.waitAppCompletion"
        plan = store.plan(spark_arguments={"deploy-mode": "cluster"}, **said)
        found = setting(plan, SettingKind.CONFIGURATION, waiting)
        assert (found.value, found.layer, [b.value for b in found.beat]) == ("true", Layer.SUITE, ["false"] * len(said))
        in_client_mode = store.plan(spark_arguments={"deploy-mode": "client"})
        assert in_client_mode.setting(SettingKind.CONFIGURATION, waiting) is None

    def test_cluster_mode_does_not_come_in_by_the_environment(self, store: Store) -> None:
        store.create("prod")
        said = refused(InvalidInput, store, env_vars={"DEPLOY_MODE": "cluster"})
        assert said == (
            "env_vars.DEPLOY_MODE: DEPLOY_MODE can't be set here: spark-submit reads it as --deploy-mode; "
            "set the argument"
        )

    def test_a_property_that_spark_drops_is_a_warning(self, store: Store) -> None:
        store.create("prod", configurations={"hive.exec.dynamic.partition": "true", "spark.x": "1"})
        assert store.plan().warnings == (
            "Spark drops hive.exec.dynamic.partition: it reads only properties that start with 'spark.'",
        )


class TestSecrets:
    @pytest.mark.parametrize(
        ("section", "name", "travels_as"),
        [
            ("arguments", "queue", (CONFIGURATION, "spark.yarn.queue")),
            ("arguments", "archives", (CONFIGURATION, "spark.archives")),
            ("configurations", "spark.x", (CONFIGURATION, "spark.x")),
            ("environment", "X", (ENVIRONMENT, "X")),
        ],
    )
    def test_a_secret_travels_off_the_command_line(
        self, store: Store, section: str, name: str, travels_as: tuple[SettingKind, str]
    ) -> None:
        store.create("prod", **only(section, name, secret("hunter2")))
        found = setting(store.plan(), *travels_as)
        assert (found.value, found.secret) == ("hunter2", True)
        hidden = setting(store.plan().redacted(), *travels_as)
        assert hidden.value == DOTS

    def test_the_tasks_value_of_a_secret_setting_is_secret_too(self, store: Store) -> None:
        store.create("prod", arguments={"queue": secret("planted-group")})
        plan = store.plan(spark_arguments={"queue": "planted-task"})
        assert effective(plan) == {"spark.yarn.queue": "planted-task"}
        assert plan.setting(ARGUMENT, "queue") is None
        assert "planted" not in plan.redacted().model_dump_json()

    def test_also_when_the_task_leaves_the_groups_value_out(self, store: Store) -> None:
        store.create("prod", arguments={"queue": secret("planted-group")})
        plan = store.plan(spark_arguments={"queue": "planted-task"}, exclude_spark_args=["queue"])
        assert setting(plan, CONFIGURATION, "spark.yarn.queue").secret
        assert "planted" not in plan.redacted().model_dump_json()

    @pytest.mark.parametrize("field", ["spark_configurations", "env_vars"])
    def test_a_name_that_sounds_secret_is_hidden(self, store: Store, field: str) -> None:
        store.create("prod")
        name = "spark.my.password" if field == "spark_configurations" else "MY_PASSWORD"
        plan = store.plan(**only(field, name, "planted"))
        assert "planted" not in plan.redacted().model_dump_json()

    def test_a_redacted_plan_has_no_keytab(self, store: Store) -> None:
        store.create("prod", principal=PRINCIPAL, keytab=keytab(store))
        plan = store.plan()
        assert plan.keytab is not None
        redacted = plan.redacted()
        assert redacted.keytab is not None
        assert (redacted.keytab.name, redacted.keytab.content) == ("etl.keytab", DOTS)
        assert plan.keytab.content not in redacted.model_dump_json()

    def test_a_redacted_request_keeps_what_is_no_secret(self, store: Store) -> None:
        python = "spark.yarn.appMasterEnv.PYSPARK_PYTHON"
        store.create("prod", arguments={"queue": secret("q")}, configurations={python: secret("p")})
        request: dict[str, Any] = {
            "spark_arguments": {"num-executors": "2"},
            "spark_configurations": {"spark.yarn.queue": "planted-twin", "spark.x": "1", "spark.my.token": "planted"},
            "env_vars": {"TZ": "UTC", "MY_TOKEN": "planted"},
            "python_conf": "planted-python",
        }
        redacted = redact_request(job(**request), store.plan(**request))
        assert redacted == job(
            spark_arguments={"num-executors": "2"},
            spark_configurations={"spark.yarn.queue": DOTS, "spark.x": "1", "spark.my.token": DOTS},
            env_vars={"TZ": "UTC", "MY_TOKEN": DOTS},
            python_conf=DOTS,
        )


def test_a_plan_is_frozen_and_travels_as_json(acceptance: Store) -> None:
    plan = acceptance.plan(code_artifact="pi.py", files=["s3a://etc/a.conf"])
    assert SubmitPlan.model_validate_json(plan.model_dump_json()) == plan
    assert plan.resources[-1] == Resource(kind=ResourceKind.FILE, layer=Layer.OPERATOR, uri="s3a://etc/a.conf")
    assert [file.name for file in plan.stored_files()] == [
        *("core-site.xml", "yarn-site.xml", "pi.py", "hbase.jar", "commons.jar")
    ]
    assert all(isinstance(file, StoredFile) for file in plan.stored_files())
    with pytest.raises(ValueError, match="frozen"):
        plan.group = "other"


@pytest.mark.parametrize("identity", [task("größe", "t.u"), task("d", "t", map_index=3, try_number=2)])
def test_the_application_is_named_after_its_task(store: Store, identity: TaskIdentity) -> None:
    store.create("prod")
    assert store.plan(identity).app_name == f"{identity.dag_id}.{identity.task_id}"


def test_the_short_way_of_plain_settings_ends_as_the_long_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"spark.plain.{number}" for number in range(20)]
    store.create(
        "prod",
        arguments={"executor-memory": final("8g"), "driver-memory": "4g", "verbose": "TRUE", "queue": ""},
        configurations={
            **dict.fromkeys(names, "x"),
            "spark.noted": Setting("1", note="why"),
            "spark.hidden": secret("s3cret"),
            "spark.my.password": secret("p"),
        },
        environment={"TZ": "UTC"},
    )
    asked: dict[str, Any] = {
        "spark_configurations": {"spark.plain.7": "mine", "spark.driver.memory": "5g", "spark.own": "2"}
    }
    short = store.plan(**asked)
    monkeypatch.setattr(resolution, "_undisputed", lambda *_: None)
    assert short == store.plan(**asked)
    assert len(short.settings) > len(names)


def test_newest_versions_are_found_by_kind_and_without_the_hidden(store: Store) -> None:
    for content in (b"1", b"2"):
        store.upload("tool.py", content)
        store.upload("tool.py", b"code " + content, kind=CODE)
        store.upload("job.py", content, kind=CODE)
    store.hide("tool.py", 2)
    store.create("prod", py_files=["tool.py"])
    plan = store.plan(code_artifact="job.py")
    assert plan.application is not None
    assert (plan.application.version, resources(plan)) == (2, ["py-files group tool.py@1"])
