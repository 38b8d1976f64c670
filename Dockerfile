# An Airflow with the suite; API servers, schedulers, DAG processors, triggerers and workers all run from it.
#   make setup && docker build -t airflow-couture .
#   docker build -t airflow-couture --build-arg EXTRAS=airflow,fab .    (workers bring a Spark of their own)
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2

FROM ${AIRFLOW_IMAGE} AS wheel
COPY --chown=airflow:0 . /tmp/couture-ops
# The pages' scripts come from `make setup`, outside.
RUN test -s /tmp/couture-ops/admin_views/static/dist/pages.js || { echo "run make setup first" >&2; exit 1; }
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /tmp/wheel /tmp/couture-ops

FROM ${AIRFLOW_IMAGE}
ARG EXTRAS=airflow,fab,spark
USER root
# procps: Spark's scripts call ps
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jdk-headless procps \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*
USER airflow
# Naming Airflow's version keeps pip from changing the Airflow of the image.
RUN --mount=type=bind,from=wheel,source=/tmp/wheel,target=/tmp/wheel \
    wheel=$(echo /tmp/wheel/*.whl) \
    && pip install --no-cache-dir "apache-airflow==${AIRFLOW_VERSION}" "${wheel}[${EXTRAS}]"
