# Proofmark in a Makefile: `include compliance.mk`. `make compliance` is for every day, `make compliance-release` before a release.

PROOFMARK ?= proofmark

.PHONY: compliance compliance-release compliance-advisories

compliance:
	$(PROOFMARK) build

compliance-advisories:
	$(PROOFMARK) db update

# Nothing may have changed, everything must hold, and an auditor gets one file.
compliance-release:
	$(PROOFMARK) doctor
	$(PROOFMARK) build --locked
	$(PROOFMARK) verify --offline --replay
	$(PROOFMARK) pack --output evidence.pack
