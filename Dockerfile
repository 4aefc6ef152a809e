# One image, two commands: `bot`, and `workers work`.
#
# The base image is pinned by its tag. Whoever builds should pin the digest of the tag beside it
# (python:3.12-slim@sha256:...), and raise it on purpose: a tag moves.

FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements.lock ./
# Hashes hold for everything that is installed; pip itself is of no use afterwards.
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
       --require-hashes -r requirements.lock \
    && .venv/bin/python -m pip uninstall --yes pip
COPY bot bot
COPY workers workers
RUN .venv/bin/python -m compileall -q bot workers \
    && install -d -m 0700 /data

FROM python:3.12-slim
# The user has no entry in /etc/passwd, and slack_sdk asks for a home when it is imported.
ENV HOME=/data \
    PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    REVOKE_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app /app
# The only place that is ever written to: the workers keep there what they saw of the records. With no REDIS_URL or
# no REVOKE_SIGNING_KEY, the embedded Redis and the made key are there too.
COPY --from=build --chown=10001:10001 /data /data
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["workers", "--help"]
