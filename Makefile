# `make compliance` runs the main job on the example; `make test` runs every test. Both do their own set-up.

CARGO ?= cargo
AS_OF ?= 2026-11-23T00:00:00Z
PROOFMARK := $(CURDIR)/target/release/proofmark

TOOLS := $(or $(PROOFMARK_TOOLS),$(HOME)/.cache/proofmark-tools)/bin

.PHONY: compliance test bench build lint clean

build:
	$(CARGO) build --release --locked --quiet

# The example signs with a key of its own, made here once; its advisories lie beside it; its time is pinned.
compliance: build
	$(PROOFMARK) -C examples/boutique init --key
	$(PROOFMARK) -C examples/boutique db import advisories
	$(PROOFMARK) -C examples/boutique build --as-of $(AS_OF)
	$(PROOFMARK) -C examples/boutique verify --offline --replay

# Some tests run real programs beside ours: .ci/tools fetches those into a directory outside the checkout.
test:
	.ci/tools
	@mkdir -p target && rm -f target/skipped
	PROOFMARK_SKIPPED=$(CURDIR)/target/skipped $(CARGO) test --locked
	@if [ -s target/skipped ]; then echo "skipped:"; sort -u target/skipped; else echo "no test was skipped"; fi

# Against peers and physical limits, in one run each, as ratios: docs/benchmarks.md says how to read them. Needs Debian's debootstrap and
# ninja-build, or --rootfs in ROOTFS.
bench: build
	$(CARGO) build --release --locked --quiet --example inflate
	.ci/tools trivy syft osv-scanner cargo-audit
	python3 benches/images.py $(if $(ROOTFS),--rootfs $(ROOTFS)) --trivy $(TOOLS)/trivy --syft $(TOOLS)/syft
	python3 benches/further.py
	python3 benches/lockfiles.py $(if $(PROOFMARK_DATA),--data $(PROOFMARK_DATA)) --osv-scanner $(TOOLS)/osv-scanner --cargo-audit $(TOOLS)/cargo-audit
	python3 benches/warm.py --cargo
	python3 benches/rematch.py

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

clean:
	$(CARGO) clean
