# Every target does its own set-up first (tools/bootstrap.sh); a second call takes seconds.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo bench soak test test-unit test-integration test-e2e lint format setup setup-python setup-pages \
	setup-databases setup-browser lock clean

PYTHON := JAVA_HOME="$(CURDIR)/build/jdk" .venv/bin/python
# How many files of tests run at once; those that share an Airflow count as one (conftest.py)
JOBS ?= 2
UNIT := -m "not integration and not e2e" -n $(JOBS) --dist loadfile
LIVE := -n $(JOBS) --dist loadfile --no-loadscope-reorder
# pytest's exit code where PYTEST_ARGS chose none of the tests
NONE := 5
SOURCES := config_store admin_views couture_ops example_dags tools tests conftest.py

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## Airflow with the suite, and an example that runs real Spark; until Ctrl-C. ONCE=1: ends with the example
	@$(PYTHON) -m tools.demo $(if $(filter-out 0,$(ONCE)),--once)

bench: setup ## Speed, beside the field's standard operators, to build/bench.json and docs/benchmarks.md. ONLY=name: one of them
	@$(PYTHON) -m tools.bench $(if $(ONLY),--only $(ONLY)) $(BENCH_ARGS)

soak: setup ## Faults, bad input and secrets: kills, full disks, fuzzing, to build/soak.json and docs/benchmarks.md. ONLY=name
	@$(PYTHON) -m tools.soak $(if $(ONLY),--only $(ONLY)) $(SOAK_ARGS)

test: setup setup-databases setup-browser ## Everything: lint, unit tests, integration with real Spark, the demo
	@$(MAKE) --no-print-directory lint
	@$(PYTHON) -m pytest $(UNIT) $(PYTEST_ARGS) || [ $$? -eq $(NONE) ]
	@$(PYTHON) -m pytest -m "integration or e2e" $(LIVE) $(PYTEST_ARGS) || [ $$? -eq $(NONE) ]

test-unit: setup-python setup-pages setup-databases ## Only the tests that need neither Airflow's processes nor Spark
	@$(PYTHON) -m pytest $(UNIT) $(PYTEST_ARGS)

test-integration: setup setup-databases setup-browser ## Only the tests with real Airflow processes and real Spark
	@$(PYTHON) -m pytest -m integration $(LIVE) $(PYTEST_ARGS)

test-e2e: setup setup-browser ## Only the tests of the whole demo
	@$(PYTHON) -m pytest -m e2e $(PYTEST_ARGS)

lint: setup-python ## ruff (format and rules) and mypy --strict, on product and tests
	@.venv/bin/ruff format --check $(SOURCES)
	@.venv/bin/ruff check $(SOURCES)
	@$(PYTHON) -m mypy $(SOURCES)

format: setup-python ## Write the code as ruff wants it
	@.venv/bin/ruff check --fix-only $(SOURCES)
	@.venv/bin/ruff format $(SOURCES)

setup: ## Virtual environment, JDK, the pages' scripts and the example's jars; the other targets call it
	@tools/bootstrap.sh all

setup-python:
	@tools/bootstrap.sh python

setup-databases: ## PostgreSQL's and MariaDB's programs for the tests, where root or sudo may install them
	@tools/bootstrap.sh databases

setup-browser: ## Debian's chromium for the tests of the pages, where root or sudo may install it
	@tools/bootstrap.sh browser

setup-pages: ## The pages' scripts and styles: npm's packages, bundled by esbuild to admin_views/static/dist
	@tools/bootstrap.sh pages

lock: setup-python ## Compile requirements/dev.lock anew; UPGRADE=1: with the newest versions
	@tools/bootstrap.sh lock $(if $(filter-out 0,$(UPGRADE)),--upgrade)

clean: ## Remove all that make made: .venv, .cache, build and the tools' caches
	@tools/bootstrap.sh clean
