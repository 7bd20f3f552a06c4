# Everything is set up on demand: a virtual environment from hashed locks, and the API server's programs from source.
# A machine needs Linux, make, git and a Python of version 3.11 or newer.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# The first Python here that is new enough; PYTHON=... overrides.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
VENV := .venv
READY := $(VENV)/.complete
RUN := PYTHONPATH=operator:. $(VENV)/bin/python
# The same in the place of make's shell, which would keep a signal to itself: for what stays until it is ended.
STAY := PYTHONPATH=operator:. exec $(VENV)/bin/python
UV := $(RUN) -m uv
CHART := helm/onecloud-operator
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' operator/onecloud_operator/__init__.py)
IMAGE ?= onecloud-operator:$(VERSION)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
	  line = sprintf("make %-10s", $$1); count = split($$2, words, " "); \
	  for (i = 1; i <= count; i++) { \
	    if (length(line " " words[i]) > 80) { print line; line = sprintf("%15s", "") } \
	    line = line " " words[i] } \
	  print line }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(READY) ## make the virtual environment .venv

$(READY): requirements/dev.txt requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo "No Python of version 3.11 or newer is on the PATH; see PYTHON= in the Makefile." >&2; exit 1; }
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m tools.environment

.PHONY: tools
tools: $(READY) ## build etcd and kube-apiserver into the cache, once (about nine minutes on two cores)
	@$(RUN) -m sandbox.cluster.tools etcd kube-apiserver >/dev/null

.PHONY: test-tools
test-tools: $(READY) ## get every program that the tests use, once (about fifteen minutes on two cores)
	@$(RUN) -m sandbox.cluster.tools etcd kube-apiserver kube-controller-manager argocd kubectl helm helm3 >/dev/null

# Half of the time a test waits for processes, so that two cores have time for more than two. WORKERS=0: one process.
WORKERS ?= 3

.PHONY: test
test: test-tools ## run every test; ARGS=... goes to pytest
	@$(RUN) -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder $(ARGS)

# The suites that play at random, or at every point there is; with SOAK=1 they play all they know.
SOAKS := tests/e2e/test_crashes.py tests/e2e/test_living_crashes.py tests/e2e/test_storm.py \
	tests/e2e/test_lost_answers.py \
	tests/e2e/test_cloud_faults.py tests/e2e/test_kubernetes_faults.py tests/e2e/test_scale.py \
	tests/hostile tests/test_churn.py tests/core tests/fuzz tests/translate tests/onecloud/test_replies.py

.PHONY: soak
soak: WORKERS = 4
soak: tools ## play crashes, faults and storms at length (about 20 minutes on two cores)
	@SOAK=1 $(RUN) -m pytest --numprocesses=$(WORKERS) --dist=worksteal --override-ini=faulthandler_timeout=1800 \
		--durations=0 -v $(ARGS) $(SOAKS)

.PHONY: bench
bench: tools ## measure it against the budgets, for hours (ARGS=--quick: ten minutes; ARGS=--help)
	@$(RUN) -m benchmarks $(ARGS)

.PHONY: lint
lint: style types imports ## check style, types and import rules; -k goes on after the first that fails

.PHONY: style
style: $(READY)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

.PHONY: types
types: $(READY)
	@$(RUN) -m mypy

.PHONY: imports
imports: $(READY)
	@PYTHONPATH=operator:. $(VENV)/bin/lint-imports --no-logo

.PHONY: format
format: $(READY) ## format the code, and mend what ruff can mend safely
	@$(RUN) -m ruff check --fix --quiet . || true
	@$(RUN) -m ruff format .

.PHONY: demo
demo: $(if $(CONTEXT),$(READY),tools) ## show it all; CONTEXT=name uses a cluster of yours
	@CONTEXT="$(CONTEXT)" $(STAY) -m sandbox.demo

.PHONY: cluster
cluster: tools ## run an API server until Ctrl-C and print its kubeconfig
	@$(STAY) -m sandbox.cluster up

.PHONY: playground
playground: $(READY) ## run a cluster with a node, a cloud, helm and kubectl, to try an installation on; ARGS=--argocd
	@$(STAY) -m sandbox.cluster.kubelet $(ARGS)

.PHONY: image
image: ## build the image IMAGE=... with docker, podman or buildah; PLATFORM=linux/amd64,linux/arm64 for several machines
	@engine=$$(sh tools/engine.sh) || exit 1; \
	test "$$engine" = buildah && verb=bud || verb=build; \
	name=--tag push="push $(IMAGE)"; \
	if test -n "$(PLATFORM)" && test "$$engine" != docker; then \
		name=--manifest push="manifest push --all $(IMAGE) docker://$(IMAGE)"; \
		"$$engine" manifest rm "$(IMAGE)" >/dev/null 2>&1 || true; \
	fi; \
	"$$engine" "$$verb" $(if $(PLATFORM),--platform "$(PLATFORM)") "$$name" "$(IMAGE)" --build-arg VERSION="$(VERSION)" \
		--build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
		--build-arg CREATED="$$(git log -1 --format=%cI 2>/dev/null || echo 1970-01-01T00:00:00Z)" $(ARGS) . && \
	echo "push it with: $$engine $$push"

.PHONY: generate
generate: crd ## generate everything that is made of the code: crds/, pages of docs/, of the chart, install.yaml
	@$(RUN) -m tools.docs resource > docs/.partial && mv docs/.partial docs/reference.md
	@$(RUN) -m tools.docs provider > docs/.partial && mv docs/.partial docs/provider-reference.md
	@$(RUN) -m tools.docs settings > docs/.partial && mv docs/.partial docs/settings.md
	@$(RUN) -m tools.docs plugin > docs/.partial && mv docs/.partial docs/kubectl-plugin.md
	@cp crds/onecloud.io_onecloudservers.yaml $(CHART)/files/crd.yaml
	@cp crds/onecloud.io_onecloudproviders.yaml $(CHART)/files/provider-crd.yaml
	@$(RUN) -m tools.docs schema > $(CHART)/.partial && mv $(CHART)/.partial $(CHART)/values.schema.json
	@$(RUN) -m tools.docs values > $(CHART)/.partial && mv $(CHART)/.partial $(CHART)/values.yaml
	@$(RUN) -m tools.docs chart > $(CHART)/.partial && mv $(CHART)/.partial $(CHART)/README.md
	@$(RUN) -m tools.docs dashboard > $(CHART)/.partial && mv $(CHART)/.partial $(CHART)/files/dashboard.json
	@$(RUN) -m tools.docs install > docs/.partial && mv docs/.partial install.yaml

.PHONY: crd
crd: $(READY) ## generate crds/ from the models
	@mkdir -p crds
	@for kind in onecloudservers onecloudproviders; do \
		$(RUN) -m onecloud_operator crd $$kind > crds/.partial && mv crds/.partial crds/onecloud.io_$$kind.yaml || exit 1; \
	done

.PHONY: lock
lock: $(READY) ## resolve the dependencies again; ARGS=--upgrade takes newer ones
	@$(LOCK) $(ARGS) pyproject.toml --extra cli -o requirements/runtime.txt
	@$(LOCK) $(ARGS) pyproject.toml --extra cli --group dev -o requirements/dev.txt
	@$(LOCK) $(ARGS) --group bootstrap -o requirements/bootstrap.txt
	@$(LOCK) $(ARGS) --group tools --no-deps -o requirements/tools.txt

.PHONY: clean
clean: ## remove the virtual environment and every cache in this checkout
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
