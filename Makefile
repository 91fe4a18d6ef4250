# Every target sets up what it needs; nothing else has to be installed by hand.
# BENCH="--servers this litserve --cases single-64" measures a part, REVIEWS=path sends other reviews.
# TORCH_INDEX=URL takes PyTorch from another package index: its CPU-only or its CUDA builds (see README.md).
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Newer pips show what setuptools thinks of folders of data and of editable installations, forty lines each.
INSTALL = PYTHONWARNINGS=ignore PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --disable-pip-version-check --quiet
DATA ?= data/aclImdb_v1.tar.gz
REVIEWS ?= $(DATA)
SECONDS ?= 4
ROUNDS ?= 3
WORKERS ?= 2
COMPOSE ?= docker compose
PROMETHEUS ?= http://127.0.0.1:9090
SBOM_TOOL := cyclonedx-bom==7.5.0
AUDIT_TOOL := pip-audit==2.10.1
LOCK_TOOL := pip-tools==7.6.2
PACKAGING_TOOLS := build==1.6.1 pipx==1.18.4 twine==7.0.0 uv==0.13.9
ADVISORIES ?= https://api.osv.dev/v1/query

.DEFAULT_GOAL := help
.PHONY: help serve train setup test soak test-compose test-packages lock check fix audit bench docs screenshots sbom dashboard-preview clean

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

serve: $(VENV)/.runtime ## Serve the released model on 127.0.0.1:$PORT
	@$(BIN)/python -m service --port $(PORT)

train: $(VENV)/.development ## Train the cpu recipe on the IMDB archive, DATA=path for reviews of your own
	@test -e $(DATA) || $(BIN)/python -m training download imdb --to $(dir $(DATA))
	$(BIN)/python -m training fit --recipe cpu --train $(DATA)

setup: $(VENV)/.development ## Make .venv with everything

test: $(VENV)/.development ## Run the tests, on two workers
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup

soak: $(VENV)/.development ## Run the tests that repeat a fault at full size
	TEST_SCALE=1 $(BIN)/python -m pytest -m soak --durations=0

test-compose: $(VENV)/.development ## Build and run the whole deployment, break it, scale it, take it down (COMPOSE=command)
	COMPOSE="$(COMPOSE)" $(BIN)/python -m pytest --durations=0 --durations-min=1 tests/deploy/test_compose.py

test-packages: ## Build the packages, install each as users do, serve and ask
	$(PYTHON) -m venv build/packaging
	build/packaging/bin/python -m pip install --disable-pip-version-check --quiet $(PACKAGING_TOOLS)
	build/packaging/bin/python tools/try_packages.py

check: $(VENV)/.development ## Lint, format and type checks; edits nothing
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy && $(BIN)/lint-imports

fix: $(VENV)/.development ## Format, and mend what can be mended
	$(BIN)/ruff check --fix; $(BIN)/ruff format

audit: ## Fail where a pinned version has a vulnerability that .ci/accepted-vulnerabilities does not name
	$(PYTHON) -m venv build/audit-tool
	build/audit-tool/bin/python -m pip install --disable-pip-version-check --quiet '$(AUDIT_TOOL)'
	build/audit-tool/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off \
	  --vulnerability-service osv --osv-url $(ADVISORIES) \
	  $$(sed -n 's/^\([A-Za-z0-9-]\{1,\}\) \{1,\}[^ ].*/--ignore-vuln \1/p' .ci/accepted-vulnerabilities)

bench: $(VENV)/.development ## Measure the service beside other model servers, or beside BASELINE=checkout; SECONDS=4 ROUNDS=3
	@test -e $(REVIEWS) || $(BIN)/python -m training download imdb --to $(dir $(REVIEWS))
	$(if $(TORCH_INDEX),TORCH_INDEX=$(TORCH_INDEX)) $(BIN)/python -m bench.serving $(REVIEWS) \
	  --seconds $(SECONDS) --rounds $(ROUNDS) --document docs/measurements/performance.md \
	  $(if $(BASELINE),--baseline $(BASELINE)) $(BENCH)

docs: $(VENV)/.development ## Build the guide as a site: build/docs/index.html
	$(BIN)/sphinx-build -q -W --keep-going -n -c docs . build/docs

screenshots: $(VENV)/.development ## Take the pictures of the page: docs/images/page-*.png; needs a Chromium
	$(BIN)/python -m tools.screenshots docs/images

lock: ## Write requirements.lock anew: what the service installs beside PyTorch, with hashes
	$(PYTHON) -m venv build/lock-tool
	build/lock-tool/bin/python -m pip install --disable-pip-version-check --quiet '$(LOCK_TOOL)'
	CUSTOM_COMPILE_COMMAND='make lock' build/lock-tool/bin/pip-compile --quiet --generate-hashes \
	  --unsafe-package torch --strip-extras --no-annotate --no-emit-index-url --no-emit-find-links \
	  --constraint constraints.txt --output-file requirements.lock pyproject.toml

sbom: ## Write build/sbom.json: all that the service installs, as CycloneDX
	$(MAKE) VENV=build/runtime build/runtime/.runtime
	$(PYTHON) -m venv build/sbom-tool
	build/sbom-tool/bin/python -m pip install --disable-pip-version-check --quiet '$(SBOM_TOOL)'
	build/sbom-tool/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-file build/sbom.json build/runtime/bin/python

dashboard-preview: $(VENV)/.development ## Draw the dashboard from the Prometheus at PROMETHEUS=URL: build/dashboard.png
	$(BIN)/python deploy/grafana/preview.py --prometheus $(PROMETHEUS)

clean: ## Remove .venv and caches
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; name another with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt setup.py build_backend.py sentiment/lstm.c | $(VENV)/bin/python
	$(if $(TORCH_INDEX),$(INSTALL) --index-url $(TORCH_INDEX) torch)
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.development: pyproject.toml client/pyproject.toml constraints.txt | $(VENV)/.runtime
	$(INSTALL) 'pip>=25.1' # knows dependency groups; an older .venv, or Python's own pip, may not
	$(INSTALL) --group development --editable '.[scoring,training,transformer,tensorboard,ray]' --editable ./client
	@touch $@
