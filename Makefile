# `make reproduce` and `make test` set up all that they need in .venv.
PYTHON ?= python3
# Of the fuzzer's inputs, which make test-all counts.
FUZZ_SEED ?= 0
VENV := .venv
BIN := $(VENV)/bin
PICTURES := hw-scaling hw-scaling-today machine-balance balance-by-format readings claim-against-fit \
	training-compute model-size \
	memory-breakdown peak-flops-by-precision memory-generations memory-per-pin link-families frontier decomposition \
	diagnosis rolling-rates backtest-coverage published-claims roofline workload-intensity training-memory \
	levers serve-frontier

# The figures of the paper.
PAPER := hw-scaling training-compute model-size memory-breakdown

.PHONY: reproduce figures test test-all lint types notebooks docs site bench clean

reproduce: $(VENV)/.installed
	$(BIN)/memwall-trends reproduce
	$(BIN)/memwall-trends figures $(PAPER) --out figures

figures: $(VENV)/.installed
	$(BIN)/memwall-trends figures --out figures

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto -m "not slow"

test-all: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto --fuzz-seed $(FUZZ_SEED)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/frictionless validate datasets/datapackage.json
	$(BIN)/memwall-trends validate

types: $(VENV)/.installed-dev
	$(BIN)/mypy

notebooks: $(VENV)/.installed-dev
	$(BIN)/python -m tests.refresh_notebooks --check

docs: $(VENV)/.installed-dev
	$(BIN)/memwall-trends figures $(PICTURES) --out docs
	$(BIN)/python -m tests.refresh_reference
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python tests/refresh_examples.py

# Long, and worth doing on a machine that does nothing else; `python -m tests.benchmarks --quick` is short.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --editable ".[bench]"
	$(BIN)/python -m tests.benchmarks

site: $(VENV)/.installed-dev
	$(BIN)/python -m docs.site --out site

clean:
	rm -rf $(VENV) figures site build dist node_modules explore.html

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@
