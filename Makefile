# make demo and make test do all set-up by themselves; see README.md.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help env env-tf2 horovod demo test test-tf2 lint clean

# STACK=tf1 or tf2 forces TensorFlow 1.15 or 2 for .venv; by default 1.15 is taken where a Python 3.7 can be found.
STACK ?= auto

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /make \1\t/p' Makefile | expand -t 18

env: ## build .venv: TensorFlow 1.15 where a Python 3.7 can be found, else TensorFlow 2
	@sh make/environment.sh .venv $(STACK)

env-tf2: ## build .venv-tf2: TensorFlow 2 on a current Python
	@sh make/environment.sh .venv-tf2 tf2

horovod: env ## build Horovod into .venv, for trainings by several ranks on hosts (TensorFlow 1.15): some two minutes
	@sh make/horovod.sh .venv

demo: env ## the main job on drawn frames: everything below demo/, about three minutes
	@PYTHON=.venv/bin/python sh make/demo.sh

# A process a core, at most four, each with a part of the tests; who is done first takes of what is left to others.
SHARED := -n auto --maxprocesses 4 --dist worksteal

test: env ## the tests
	@.venv/bin/python -m pytest $(SHARED)

test-tf2: env-tf2 ## the tests on TensorFlow 2
	@.venv-tf2/bin/python -m pytest $(SHARED)

lint: env-tf2 ## ruff: check and format
	@.venv-tf2/bin/python -m ruff check .
	@.venv-tf2/bin/python -m ruff format --check .

clean: ## remove both environments and the demo
	@rm -rf .venv .venv-tf2 demo build ./*.egg-info
