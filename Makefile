# kexp: `make paper` regenerates the paper, `make test` runs all tests. Both set up what they need.
#
# Everything that is downloaded or built lies in CACHE, so that a second checkout takes seconds. Your own libtorch is used
# when LIBTORCH is set, your own target folder when CARGO_TARGET_DIR is set.

CACHE    ?= $(HOME)/.cache/kexp
LIBTORCH ?= $(CACHE)/libtorch-2.13.0
CARGO_TARGET_DIR ?= $(CACHE)/target
export LIBTORCH CARGO_TARGET_DIR

KEXP = $(CARGO_TARGET_DIR)/release/kexp
JOBS ?= $(shell nproc)

.PHONY: paper test check build setup quick format lint bench growth profile peers clean-store

paper: build            ## train, generate, solve, evaluate, and write paper/draft.md with its figures and tables
	$(KEXP) run experiments/paper.kexp --jobs $(JOBS)

# The property tests draw the same cases each time; `cargo test --release` alone draws new ones.
test: setup             ## all tests
	PROPTEST_RNG_SEED=20221014 cargo test --release --locked

check: build            ## is everything in the committed draft what the committed results say?
	$(KEXP) check experiments/*.kexp
	$(KEXP) render experiments/paper.kexp --check

quick: build            ## the whole path in about a minute, into the store
	$(KEXP) run experiments/paper.kexp --profile quick --jobs $(JOBS)

RECORD ?=
export RECORD

bench: setup            ## what the pieces of a solve take, beside the recorded baseline; RECORD=1 records it anew
	cargo bench --locked --bench pieces

growth: build           ## how the time of a solve grows with the number of states
	python3 benches/growth.py --kexp $(KEXP)

profile: build          ## where the time of a solve goes, sampled by `perf`, which must be installed
	python3 benches/profile.py --kexp $(KEXP)

PEERS_VENV ?= $(HOME)/.cache/kexp-peers
PEERS ?=
export PEERS_VENV

peers: build            ## kexp beside libRoadRunner, COPASI and AMICI: tables of ratios; PEERS has further options
	benches/peers/setup.sh
	$(PEERS_VENV)/bin/python benches/peers/compare.py --kexp $(KEXP) --out $(CACHE)/peers $(PEERS)

build: setup
	cargo build --release --locked

lint: setup             ## formatting and clippy
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings

format: setup
	cargo fmt
	$(KEXP) fmt experiments/*.kexp experiments/models/*.kexp

# libtorch and the C++ compiler that tch's bindings need, and a cargo configuration (not committed) with which plain
# `cargo build` and editors find them too.
setup: .cargo/config.toml
	@command -v c++ >/dev/null 2>&1 || { apt-get update && apt-get install -y --no-install-recommends g++; }
	@[ "$(LIBTORCH)" != "$(CACHE)/libtorch-2.13.0" ] || .ci/libtorch.sh "$(LIBTORCH)"

.cargo/config.toml: Makefile
	@mkdir -p .cargo
	@printf '# Written by `make setup`.\n[build]\ntarget-dir = "%s"\n[env]\nLIBTORCH = "%s"\n' \
	  "$(CARGO_TARGET_DIR)" "$(LIBTORCH)" > $@

clean-store:            ## forget all artifacts of the experiments
	rm -rf experiments/.kexp
