# make help tells what there is. Nothing here needs root, Docker or a shell other than sh.

# The line of Airflow to develop with. AIRFLOW=3.1 picks one for `make matrix` and `make constraints`: all by default.
# PYTHON=3.12, a version, picks one for `make matrix` and `make pythons`; PYTHON=/a/path is what .venv is made with.
NEWEST := 3.3
CONSTRAINTS := constraints/airflow-$(NEWEST).txt
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/made-from-$(NEWEST)
BROWSER_STAMP := $(VENV)/made-for-browser-from-$(NEWEST)
CLUSTER_STAMP := $(VENV)/made-for-cluster-from-$(NEWEST)
BENCH_STAMP := $(VENV)/made-for-bench-from-$(NEWEST)

VERSIONS := $(filter 3.%,$(PYTHON))
ifneq ($(and $(VERSIONS),$(filter-out matrix pythons,$(MAKECMDGOALS))),)
$(error PYTHON=$(PYTHON) is a version, which only make matrix and make pythons take. Name an interpreter: PYTHON=/usr/bin/python3.11)
endif

# The first that can make a virtual environment: Debian's can't without python3-venv. Of one that is in an
# environment itself, such as an activated .venv, the interpreter below it: .venv is made anew at times.
INTERPRETER = $(or $(filter-out 3.%,$(PYTHON)),$(shell for version in 3.11 3.12 3.13; do \
	for each in $$(command -v python$$version) /usr/bin/python$$version /usr/local/bin/python$$version; do \
	"$$each" -c 'import ensurepip, sys, venv; print(sys._base_executable)' 2>/dev/null && exit; done; done))

# Processes beside one another run tests, more than there are processors, as many tests wait: most where a real Airflow
# starts. File by file, in the order of tests/conftest.py. What measures time runs alone, from the folders that it says.
side_by_side = -n $$(($$(getconf _NPROCESSORS_ONLN) + $(1))) --maxprocesses 6 --dist loadscope --no-loadscope-reorder --durations 10
# Thousands of short tests cost less in one process than collected in each and handed out one by one.
SHORT := $(addprefix tests/,contract lro offers services tasks wire)
MEASURING := tests/performance tests/reliability

# Where it is set, each process that runs tests compiles all of them at each start, and each of Airflow's the package.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo airflow check test matrix pythons browser chaos cluster clustered bench measure docs lint types constraints clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(STAMP) ## take an offer live in a real Airflow, against an emulated portal; API=product_ingestion for the newer API
	@$(BIN)/python -m dev.demo $(API)

airflow: $(STAMP) ## the same Airflow and portal to play with, until Ctrl-C; at a port of yours: make airflow PORT=8080
	@$(BIN)/python -m dev.serve $(PORT)

# Hypothesis draws fewer examples here than in `make test`: tests/conftest.py says how many.
check: lint ## before each commit: lint, types, and the tests that start no Airflow; two minutes
	@$(call types_and_tests,3,not airflow and not measures,HYPOTHESIS_PROFILE=few)

test: lint ## everything that has to pass: lint, types, tests, those in a real Airflow included
	@$(call types_and_tests,1,not measures)
	$(BIN)/python -m pytest --durations 10 -m measures $(MEASURING)

# Many a test waits, while mypy and the short tests need a processor: what these two said comes last.
types_and_tests = $(BIN)/mypy >$(VENV)/types.txt 2>&1 & types=$$!; \
	$(3) $(BIN)/python -m pytest -q $(SHORT) -m '$(2)' >$(VENV)/short.txt 2>&1 & short=$$!; \
	echo "$(3) pytest $(call side_by_side,$(1)) -m '$(2)'"; \
	$(3) $(BIN)/python -m pytest $(addprefix --ignore ,$(SHORT)) $(call side_by_side,$(1)) -m '$(2)'; others=$$?; \
	wait $$short; short=$$?; echo "$(3) pytest $(SHORT) -m '$(2)'"; cat $(VENV)/short.txt; \
	wait $$types; types=$$?; echo mypy; cat $(VENV)/types.txt; exit $$((others | short | types))

matrix: $(STAMP) ## try every line of Airflow and every Python, or some: AIRFLOW=3.1, PYTHON=3.12; half an hour
	@$(BIN)/python -m dev.matrix $(AIRFLOW) $(addprefix --python ,$(VERSIONS))

pythons: $(STAMP) ## what needs no running Airflow, on every other Python that is here; two minutes for each
	@HYPOTHESIS_PROFILE=few $(BIN)/python -m dev.matrix --pure $(addprefix --python ,$(VERSIONS))

browser: $(BROWSER_STAMP) ## look at a real Airflow with Chromium, if there is one; two minutes
	$(BIN)/python -m pytest tests/browser -v $(BROWSER)

chaos: $(STAMP) ## kill parts of a real Airflow in the middle of releases; some fifteen minutes
	$(BIN)/python -m pytest tests/chaos -v --durations=0 --durations-min=1

cluster: ## start docs/deployment/compose.yaml as processes, and kill them while thirty offers go live; seven minutes
	@$(MAKE) --no-print-directory VENV=.venv-cluster clustered

clustered: $(CLUSTER_STAMP)
	$(BIN)/python -m pytest tests/cluster -v --capture=no --durations=0 --durations-min=1

bench: ## measure what waiting costs, and write docs/performance.md; some twenty-five minutes
	@$(MAKE) --no-print-directory VENV=.venv-bench measure

measure: $(BENCH_STAMP)
	@$(BIN)/python -m benchmarks

docs: $(STAMP) ## build the manual into docs/_build; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build
	@echo "The manual is in docs/_build/index.html"

lint: $(STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy
	$(BIN)/mypy

constraints: $(STAMP) ## compile constraints/airflow-*.txt anew, or one: make constraints AIRFLOW=3.1
	@$(BIN)/python -m dev.constraints $(AIRFLOW)

clean: ## remove what was made here, .venv included
	rm -rf $(VENV) .venv-bench .venv-cluster .venv-matrix-* dist build docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .airflow
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml $(CONSTRAINTS)
	@test -n "$(INTERPRETER)" || { echo "No Python 3.11, 3.12 or 3.13 with venv and ensurepip found. Install one (on Debian:" \
		"apt install python3-venv), or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV) with $(INTERPRETER); takes half a minute."
	@$(INTERPRETER) -m dev.setup $(VENV) $(CONSTRAINTS)
	@touch $@

$(BROWSER_STAMP): $(STAMP)
	@$(BIN)/python -m dev.install -c $(CONSTRAINTS) --group browser
	@touch $@

$(CLUSTER_STAMP): $(STAMP)
	@$(BIN)/python -m dev.install -c $(CONSTRAINTS) --group cluster
	@touch $@

$(BENCH_STAMP): $(STAMP)
	@$(BIN)/python -m dev.install -c $(CONSTRAINTS) --group bench
	@touch $@
