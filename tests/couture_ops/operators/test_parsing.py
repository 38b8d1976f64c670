"""Parsing a DAG opens no file and no connection; what every Airflow process imports of us is little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

#: A DAG file with fifty operators, every parameter given.
FIFTY = """
from airflow.sdk import DAG
from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator, PySparkOperator, SparkOperator

SHARED = {
    "config_group": "prod",
    "app_name": "A",
    "spark_arguments": {"executor-memory": "8g"},
    "spark_configurations": {"spark.sql.shuffle.partitions": 400, "spark.my.password": "{{ conn.a.password }}"},
    "exclude_spark_args": ["jars"],
    "jars": ["hbase.jar", "/opt/no-such.jar"],
    "py_files": ["lib.zip"],
    "files": ["/etc/no-such-file"],
    "env_vars": {"A": "{{ var.value.a }}"},
    "description": "One of fifty.",
    "couture_conn_id": "elsewhere",
}
CONTRACT = {
    "method_id": "Load",
    "method_args_dict": {"a": {"b": "{{ ds }}"}},
    "input_base_dir_path": "/in",
    "output_base_dir_path": "hdfs:///out",
    "input_filenames_dict": {"a": "b"},
    "output_filenames_dict": {"c": "d"},
}
with DAG("fifty", schedule=None, default_args=SHARED) as dag:
    for number in range(10):
        CoutureSparkOperator(task_id=f"a{number}", code_artifact="a.jar", class_path="a.B", **CONTRACT)
        CouturePySparkOperator(task_id=f"b{number}", code_artifact="/no/such.py", python_conf="/no/python", **CONTRACT)
        CoutureSparkOperator(task_id=f"c{number}", jar_path="hdfs:///a.jar", task_args_dict={"a": 1})
        SparkOperator(task_id=f"d{number}", code_artifact="a.jar", code_artifact_version=3, application_arguments=["a"])
        PySparkOperator(task_id=f"e{number}", code_artifact="a.py", application_arguments=["a"])
assert len(dag.tasks) == 50
"""
#: What no DAG file should do.
BAD = """
import socket
open("/etc/hostname").close()
socket.socket().close()
"""
#: Imports the operators and parses DAG files with an ear to all that is opened. Airflow reads its own configuration
#: for the first DAG, so there is one before. Prints the modules that the operators' import adds, and for each DAG file
#: the paths it opened and the other calls that reached out of the process.
LISTENER = """
import json, sys
from airflow.sdk import DAG, BaseOperator, BaseOperatorLink

with DAG("first", schedule=None, default_args={"retries": 1}):
    BaseOperator(task_id="t")

opened, others, known, heard = [], [], set(sys.modules), {}

def listen(event, arguments):
    if event == "open":
        opened.append(str(arguments[0]))
    elif event.split(".")[0] in ("socket", "subprocess", "sqlite3", "urllib", "ftplib", "http", "shutil", "tempfile"):
        others.append(event)
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.system", "os.exec", "os.fork", "os.posix_spawn"):
        others.append(event)

sys.addaudithook(listen)
import couture_ops.operators
heard["modules"] = sorted(set(sys.modules) - known)
for path in sys.argv[1:]:
    exec(compile(open(path).read(), path, "exec"), {"__name__": "dag_file"})
    heard[path] = {"opened": opened[:], "others": others[:]}
    opened.clear(), others.clear()
print(json.dumps(heard))
"""
#: Imports the plugin, then loads all plugins as Airflow does; prints the modules that either adds.
PLUGINS = """
import json, sys
from airflow import plugins_manager

def added():
    return sorted(set(sys.modules) - known)

known = set(sys.modules)
import admin_views.plugin
heard = {"by its import": added()}
plugins_manager.get_operator_extra_links()
plugins, errors = plugins_manager._get_plugins()
heard |= {"by loading": added(), "plugins": [plugin.name for plugin in plugins], "errors": errors}
print(json.dumps(heard))
"""


def run_python(folder: Path, code: str, *arguments: str) -> Any:
    """The JSON that code prints in a Python of its own, which writes no bytecode."""
    # elsewhere than in the checkout, whose metadata would make Airflow find us twice
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was heard of two DAG files, ``fifty`` and ``bad``, less what Python opened to import modules."""
    folder = tmp_path_factory.mktemp("dags")
    files = {"fifty": FIFTY, "bad": BAD}
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    heard = run_python(folder, LISTENER, *(str(folder / f"{name}.py") for name in files))
    for name in files:
        of_file = heard[name] = heard.pop(str(folder / f"{name}.py"))
        of_file["opened"] = [Path(path).name if folder in Path(path).parents else path for path in of_file["opened"]]
        of_file["opened"] = [path for path in of_file["opened"] if "/" not in path or not is_module(path)]
    return dict(heard)


def is_module(path: str) -> bool:
    """Whether Python reads it as a module's code."""
    return path.endswith((".py", ".pyc", ".so"))


def third_party(modules: list[str]) -> set[str]:
    """The modules that are not Python's own."""
    return {name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names}


def test_parsing_fifty_operators_opens_nothing_but_their_file(heard: dict[str, Any]) -> None:
    assert heard["fifty"] == {"opened": ["fifty.py"], "others": []}


def test_what_a_bad_file_opens_is_heard(heard: dict[str, Any]) -> None:
    """Else the test above would prove nothing."""
    assert heard["bad"] == {"opened": ["bad.py", "/etc/hostname"], "others": ["socket.__new__"]}


def test_importing_the_operators_adds_our_own_modules_only(heard: dict[str, Any]) -> None:
    """Neither httpx nor pydantic's types of the wire, let alone SQLAlchemy or FastAPI."""
    assert third_party(heard["modules"]) - {"couture_ops"} == {
        "couture_ops.errors",
        "couture_ops.job_argument",
        "couture_ops.links",
        "couture_ops.operators",
        "couture_ops.operators.base",
        "couture_ops.operators.dag",
        "couture_ops.operators.dictionary",
        "couture_ops.operators.pyspark",
        "couture_ops.operators.spark",
    }


def test_the_providers_description_imports_nothing(tmp_path: Path) -> None:
    """Airflow reads it in each of its processes."""
    code = (
        "import json, sys; known = set(sys.modules)\n"
        "from couture_ops.provider import get_provider_info; get_provider_info()\n"
        "print(json.dumps([*set(sys.modules) - known]))"
    )
    assert third_party(run_python(tmp_path, code)) == {"couture_ops", "couture_ops.provider"}


def test_the_plugin_is_cheap(tmp_path: Path) -> None:
    """Airflow loads it in each of its processes; only the API server asks for the app."""
    heard = run_python(tmp_path, PLUGINS)
    assert third_party(heard["by its import"]) == {
        "admin_views",
        "admin_views.listener",
        "admin_views.plugin",
        "airflow._shared.listeners",
        "airflow.listeners",
    }
    ours = {name for name in heard["by loading"] if name.startswith(("admin_views", "config_store"))}
    assert ours == {"admin_views", "admin_views.listener", "admin_views.plugin"}
    assert ("couture" in heard["plugins"], heard["errors"]) == (True, {})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "CoutureSparkOperator(task_id='t')",
            "MissingParameter: code_artifact or jar_path is missing. Give CoutureSparkOperator the name of the code "
            "artifact that it is to run.",
        ),
        (
            "PySparkOperator(task_id='t')",
            "MissingParameter: code_artifact is missing. Give PySparkOperator the name of the code artifact that it is "
            "to run.",
        ),
        (
            "SparkOperator(task_id='t', code_artifact='a.jar', jar_path='hdfs:///a.jar')",
            "ContradictingParameters: code_artifact and jar_path exclude each other. Each says what to run; keep one "
            "of them.",
        ),
        (
            "CouturePySparkOperator(task_id='t', code_artifact='a.py', method_id='m', application_arguments=['a'])",
            "ContradictingParameters: application_arguments and method_id exclude each other. The dictionary "
            "parameters become the one argument of the job: give them or application_arguments.",
        ),
        (
            "CoutureSparkOperator(task_id='t', code_artifact='a.jar', method_args_dict={}, task_args_dict={})",
            "ContradictingParameters: task_args_dict and method_args_dict exclude each other. They are the older and "
            "the newer form of the same contract: give method_id with method_args_dict, or task_args_dict.",
        ),
    ],
)
def test_wrong_combinations_are_import_errors_of_their_dag_file(tmp_path: Path, call: str, message: str) -> None:
    dag_file = tmp_path / "wrong.py"
    dag_file.write_text(
        "from airflow.sdk import DAG\nfrom couture_ops.operators import *\n"
        f"with DAG('wrong', schedule=None):\n    {call}\n"
    )
    bag = DagBag(dag_file, safe_mode=False)
    (said,) = bag.import_errors.values()
    assert said.rstrip().endswith(message)
    assert bag.dags == {}


def test_the_dag_processor_takes_the_fifty(tmp_path: Path) -> None:
    dag_file = tmp_path / "fifty.py"
    dag_file.write_text(FIFTY)
    bag = DagBag(dag_file, safe_mode=False)
    assert bag.import_errors == {}
    assert [(dag_id, len(dag.tasks)) for dag_id, dag in bag.dags.items()] == [("fifty", 50)]
