# The API with every driver, and with what each of its commands needs. Built in one stage, run in another that has neither compiler nor development tools.
FROM python:3.13-slim AS build
WORKDIR /src
# Each file is checked against its hash. The tools for tests are downloaded too, but stay in this stage.
COPY requirements.lock ./
RUN pip wheel --quiet --no-deps --require-hashes --requirement requirements.lock --wheel-dir /wheels
COPY . .
RUN python -m venv /opt/stockroom \
    && /opt/stockroom/bin/pip install --quiet --no-index --find-links /wheels ".[postgresql,mysql,mongodb,mongomock,compare,tracing]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home stockroom && install --directory --owner stockroom /data
COPY --from=build /opt/stockroom /opt/stockroom
ENV PATH=/opt/stockroom/bin:$PATH PYTHONUNBUFFERED=1
# The default database, sqlite:///./stockroom.db, is on the volume.
WORKDIR /data
VOLUME /data
USER stockroom
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
# Without authentication it starts only if the networks of its clients are set, such as that of a proxy:
#   docker run --env TRUSTED_NETWORKS=172.17.0.0/16 --publish 127.0.0.1:8000:8000 stockroom
CMD ["stockroom", "serve", "--host", "0.0.0.0", "--port", "8000"]
