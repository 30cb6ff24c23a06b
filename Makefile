# What there is to do here. `make help` lists the targets.
#
# `make demo` and `make test` do all the set-up on a fresh machine that has Rust: what else is missing is installed where
# that is allowed (root, apt-get), else the command for it is named.

SHELL := /bin/sh
JOBS ?= 2
SECONDS ?= 60

.PHONY: help demo test lint bench attack fleet screenshots tools test-tools rust

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: tools ## builds Sluice, serves the example with a backend of its own, prints a curl line a version
	cargo run --profile demo --locked -p sluice-gateway --bin sluice -- demo

test: test-tools ## installs what tests need where it may, else names the command; runs every test
	cargo test --workspace --locked -j $(JOBS)

lint: rust ## checks formatting and lints; warnings are errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -j $(JOBS) -- -D warnings

bench: tools ## measures beside nginx, as ratios, on a quiet machine (WHAT="pass versions engine guard meter ledger")
	@command -v nginx >/dev/null || { echo "make bench compares with nginx: apt-get install nginx-light" >&2; exit 1; }
	cargo run --release --locked -p sluice-benches -- $(WHAT)

attack: tools ## a minute of bad input beside a healthy client: prints its p99, errors and the gateway's memory (SECONDS=60)
	cargo run --release --locked -p sluice-benches -- attack --attack $(SECONDS)

fleet: test-tools ## limits of four gateways with a Redis that hangs and dies: prints admitted against bound, and times
	cargo test --locked -p sluice-conformance --test guard_fleet -j $(JOBS) -- --nocapture --test-threads 1

# Dependencies build zlib-ng and SQLite: cmake and a C compiler.
tools: rust
	@missing=""; \
	command -v cmake >/dev/null || missing="$$missing cmake"; \
	command -v cc >/dev/null || missing="$$missing gcc libc6-dev"; \
	$(install)

# Tests send signals with kill, share limits through a real Redis, keep usage in a real PostgreSQL, look at the console in a real
# browser and judge alert rules with Prometheus's own tool. One that is missing is skipped, and the test says so.
test-tools: tools
	@missing=""; \
	env kill -l >/dev/null 2>&1 || missing="$$missing procps"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || missing="$$missing postgresql"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v chromedriver >/dev/null || missing="$$missing chromium-driver"; \
	command -v promtool >/dev/null || missing="$$missing prometheus"; \
	$(install)

# Installs what `missing` names, as Debian calls it, or tells how.
define install
if [ -z "$$missing" ]; then exit 0; fi; \
if ! command -v apt-get >/dev/null; then \
	echo "missing:$$missing (as Debian calls them); install them with your system's package manager" >&2; exit 1; \
elif [ "$$(id -u)" = 0 ]; then \
	echo "installing:$$missing"; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
else \
	echo "missing:$$missing; install them with: sudo apt-get install$$missing" >&2; exit 1; \
fi
endef

rust:
	@command -v cargo >/dev/null || { \
		echo "Rust is missing: see https://rustup.rs; rust-version in Cargo.toml names the oldest release that will do" >&2; exit 1; }
