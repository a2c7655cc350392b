# Training: `docker compose run --rm training fit vae` publishes into the shared model volume.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
ARG TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-deps --index-url "${TORCH_INDEX_URL}" "$(grep '^torch==' constraints.txt)"
RUN --mount=type=cache,target=/root/.cache/pip \
    mkdir service training && touch service/__init__.py training/__init__.py \
    && pip install --constraint constraints.txt ".[training]" \
    && pip uninstall --yes latent-atlas
# The artifact contract lives in service/; its models and web code are not needed here.
COPY service/__init__.py service/archives.py service/artifact.py service/errors.py service/manifest.py service/
COPY training/ training/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-deps --constraint constraints.txt . && pip uninstall --yes pip

FROM ${PYTHON_IMAGE} AS runtime
LABEL org.opencontainers.image.title="Latent Atlas training" \
      org.opencontainers.image.licenses="MIT"
COPY --from=builder /opt/venv /opt/venv
# Folders that volumes are mounted on belong to the user that writes into them.
RUN install -d -o 10001 -g 10001 /atlas /atlas/model_repository /atlas/runs /atlas/cache
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/atlas/cache XDG_CACHE_HOME=/atlas/cache MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /atlas
USER 10001:10001
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]
