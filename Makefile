# The commands of this repository. CI and the README use them too. `make` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# PyTorch's own index has the CPU wheel; on Linux, PyPI's wheel brings gigabytes of CUDA.
TORCH_INDEX_URL ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell sed -n "s/^torch==.*/&; python_version < '3.14'/p" constraints.txt)
# The page has no build step; these tools only check it.
NODE := .node
PRETTIER := $(NODE)/node_modules/.bin/prettier --print-width 100 --log-level warn
PAGE := 'service/{documentation,explorer}/*.{css,html,js,ts}' 'tests/explorer/**/*.js'

.DEFAULT_GOAL := help
.PHONY: help install serve test test-slow docker-test check format openapi clients train clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/installed ## set up .venv with the versions pinned in constraints.txt

$(VENV)/installed: pyproject.toml constraints.txt
	@echo 'Setting up $(VENV) with PyTorch (about 200 MB) and 150 packages. Once only; it takes a few minutes.'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@$(BIN)/python -m pip install --no-deps --retries 1 --index-url $(TORCH_INDEX_URL) "$(TORCH)" \
		|| $(BIN)/python -m pip install --no-deps "$(TORCH)"
	@$(BIN)/python -m pip install --constraint constraints.txt --editable '.[service,training,parquet]' --group dev
	@touch $@

serve: install ## serve the embedded models on http://localhost:8000 (ATLAS_* settings apply)
	@$(BIN)/python -m service

test: install ## run the tests (about two minutes)
	$(BIN)/python -m pytest -m "not slow" --numprocesses logical --maxprocesses 4 --dist loadfile

test-slow: install ## run the slow tests: the API on TorchScript, containers and whole README runs
	ATLAS_RUNTIME=torchscript $(BIN)/python -m pytest -m "not slow" --numprocesses logical --maxprocesses 4 --dist loadfile \
		tests/service/api tests/service/open_inference tests/service/operations
	$(BIN)/python -m pytest -m slow

docker-test: install ## build the images and test them: compose, replicas, swarm (needs a Docker engine)
	$(BIN)/python -m pytest tests/docker

check: $(NODE)/installed install ## lint, formatting and types (needs node and npm)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples
	$(PRETTIER) --check $(PAGE)
	$(NODE)/node_modules/.bin/tsc --project tests/explorer/tsconfig.json
	$(NODE)/node_modules/.bin/tsc --project tests/explorer/unit/tsconfig.json

format: $(NODE)/installed install ## fix what ruff and prettier can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(PRETTIER) --write $(PAGE)

# npm's tools, pinned by the lock file. Once installed, they need no network.
$(NODE)/installed: $(addprefix tests/explorer/,package.json package-lock.json .npmrc)
	@command -v npm >/dev/null || \
		{ echo 'The page is checked with node 20.19 or newer and npm: install both, then run make again.' >&2; exit 1; }
	@echo "Setting up $(NODE), the page's tools. Once only; it takes about a minute."
	mkdir -p $(NODE)
	cp $^ $(NODE)/
	cd $(NODE) && npm ci --silent --ignore-scripts
	touch $@

openapi: install ## write docs/openapi.json (unset ATLAS_* first: it contains limits)
	$(BIN)/python -m service.openapi_file > docs/openapi.json

clients: clients/installed ## generate clients with five tools into clients/ (docs/clients.md)
	clients/venv/bin/python -m tests.clients.generate

# The generators, separate from .venv. pip and npm pin them; once installed they need no network.
clients/installed: $(addprefix tests/clients/,requirements.txt package.json package-lock.json .npmrc tsconfig.json)
	@echo 'Setting up clients/, the generators. Once only; it takes a few minutes.'
	mkdir -p clients
	$(PYTHON) -m venv clients/venv
	clients/venv/bin/python -m pip install --requirement tests/clients/requirements.txt
	cp $(filter-out %.txt,$^) clients/
	cd clients && npm ci --silent --ignore-scripts
	touch $@

train: install ## train the embedded ae and vae again (TRAIN=--data=FOLDER uses your files)
	$(BIN)/python -m training fit ae $(TRAIN)
	$(BIN)/python -m training fit vae $(TRAIN)

clean: ## remove .venv, .node, clients and caches
	rm -rf $(VENV) $(NODE) clients .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
