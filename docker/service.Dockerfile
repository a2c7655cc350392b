# The service: FastAPI, the TorchScript runtime and the embedded models, nothing of training.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
# PyTorch's own index has the CPU wheel; the general one would bring gigabytes of CUDA.
ARG TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
# Dependencies before source: a change of code leaves these layers as they are.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-deps --index-url "${TORCH_INDEX_URL}" "$(grep '^torch==' constraints.txt)"
RUN --mount=type=cache,target=/root/.cache/pip \
    mkdir service training && touch service/__init__.py training/__init__.py \
    && pip install --constraint constraints.txt ".[service]" \
    && pip uninstall --yes latent-atlas
COPY service/ service/
RUN --mount=type=cache,target=/root/.cache/pip \
    rm -r training && pip install --no-deps --constraint constraints.txt . \
    && pip uninstall --yes pip

FROM ${PYTHON_IMAGE} AS runtime
LABEL org.opencontainers.image.title="Latent Atlas service" \
      org.opencontainers.image.licenses="MIT"
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ATLAS_HOST=0.0.0.0
WORKDIR /tmp
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["python", "-m", "service"]
