# A worker without its own Redis: REDIS_URL names one. Build: docker build -t talkifai-bridge .
FROM python:3.11-slim AS packages
COPY requirements.txt /
# --no-deps: the pins are a closed set with hashes, so pip resolves nothing. All of them have wheels.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --only-binary :all: \
       --require-hashes -r /requirements.txt \
    && /opt/venv/bin/pip uninstall --yes pip

FROM python:3.11-slim
COPY --from=packages /opt/venv /opt/venv
COPY adapters /app/adapters
COPY bridge /app/bridge
COPY config /app/config
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The file system is read-only later, so each start would compile them anew: 1 s and 1 MB.
RUN python -m compileall -q adapters bridge config
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["python", "-m", "bridge"]
CMD ["run"]
