# Everything is done by `python3 -m devtools`, which fetches what it needs into a cache.

PYTHON ?= python3
DEVTOOLS = $(PYTHON) -m devtools

.DEFAULT_GOAL := help
.PHONY: help demo test serve bench lint screenshots clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo:  ## send a validated mailing to imported contacts, into a local inbox
	@$(DEVTOOLS) demo

test:  ## run all tests; ARGS=--fast: no browser, no slow ones; ARGS="-k name": some
	@$(DEVTOOLS) test $(ARGS)

serve:  ## open the demo's database in the web client, until Ctrl-C
	@$(DEVTOOLS) serve

bench:  ## run the measurements behind the figures in the README
	@$(DEVTOOLS) bench $(ARGS)

lint:  ## check style and Odoo's conventions
	@$(DEVTOOLS) lint

screenshots:  ## take the pictures of the documentation anew, from a new demo
	@$(DEVTOOLS) screenshots

clean:  ## remove this checkout's databases, logs and messages
	@$(DEVTOOLS) clean
