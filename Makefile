# Two commands are all it takes: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MODEL_VERSION ?= 0.2.0
SEED ?= 0
OUT ?= evals-out

.PHONY: help run test lint train test-train test-guardrails bench evals bench-rival bench-guardrails screenshot clean

help: ## List what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.run ## Set up, then start the guarded demo chat (UPSTREAM=http://... guards a real server)
	$(BIN)/handrail demo $(if $(UPSTREAM),--upstream-url $(UPSTREAM)) $(if $(MODEL),--model $(MODEL)) $(if $(LOCALE),--locale $(LOCALE))

test: $(VENV)/.dev lint ## Set up, then lint, check types and pass every test
	$(BIN)/python -m pytest

lint: $(VENV)/.dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: $(VENV)/.train ## Train the shipped model on the corpus (SEED=0, MODEL_VERSION=...)
	$(BIN)/python -m handrail.classifiers.training --out classifiers/model --version $(MODEL_VERSION) --seed $(SEED)

test-train: $(VENV)/.train $(VENV)/.dev ## Train a tiny model for real and test it; test against a real server
	$(BIN)/python -m pytest -m train

test-guardrails: $(VENV)/.guardrails ## Test our validators in Guardrails AI, and its validators in our policy
	$(BIN)/python -m pytest -W ignore tests/policies/validators

bench: $(VENV)/.dev ## Time assessing and relaying on this machine
	$(BIN)/python -m handrail.evals.bench
	$(BIN)/python -m handrail.evals.stream_bench $(if $(DOCS),--into docs/performance.md)
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx || apt-get install -y nginx-light >/dev/null 2>&1 || true
	$(BIN)/python -m handrail.evals.proxy_bench $(if $(DOCS),--into docs/performance.md)

bench-rival: $(VENV)/.dev ## The same for the proxy, beside LiteLLM's, which is installed into an environment of its own
	test -x $(VENV)-rival/bin/litellm || $(PYTHON) -m venv $(VENV)-rival
	$(VENV)-rival/bin/pip install --quiet --disable-pip-version-check 'litellm[proxy]'
	$(BIN)/python -m handrail.evals.proxy_bench --rival "$(VENV)-rival/bin/litellm --config {folder}/rival.yaml --port {port}"

bench-guardrails: $(VENV)/.guardrails ## Time our validators in a Guardrails guard, beside the bare reading
	$(BIN)/python -W ignore -m handrail.evals.guardrails_bench

evals: $(VENV)/.dev ## Run the published experiments on scripted chatbots, offline (OUT=evals-out, SEED=0)
	$(BIN)/handrail evals run --out $(OUT) --seed $(SEED)
	$(if $(DOCS),cp $(OUT)/appropriate-condition.svg docs/evals.svg)

screenshot: $(VENV)/.dev ## Take the pictures of the demo and the review pages for the docs (needs Chromium)
	$(BIN)/python -m handrail.evals.screenshot docs

clean: ## Remove the virtual environment and what was built
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(VENV)/.guardrails: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[guardrails-dev]'
	@touch $@

# torch first and by itself: pinned as in pyproject.toml, so that no looser wish of another package decides.
$(VENV)/.train: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[train,serving]'
	@touch $@
