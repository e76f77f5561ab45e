# The targets people use. Each sets up what it needs on first use; python3 (3.11 or newer), make and git are assumed.
# Settings may be given as variables: make run-all CAM_PORT=9000

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.SUFFIXES:

PY := .venv/bin/python
RUN := .venv/run.stamp
DEV := .venv/dev.stamp
CHECKED := common services tools tests examples $(wildcard benchmarks)

# One simulated camera at VGA, unless said otherwise.
FPS ?= 25
SIZE ?= vga
SERVER ?= 127.0.0.1:$(or $(CAM_PORT),8080)
CAMERAS ?= 1
IMAGES ?=
ARGS ?=
MINUTES ?= 20

.PHONY: help run-all demo mock-camera scale restart release status stop config logs test check recordings-check bench bench-quick soak soak-recording clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

run-all: $(RUN) ## the whole pipeline in the foreground on port 8080; Ctrl-C ends it
	@exec $(PY) -m tools.launcher run

demo: $(RUN) ## the same with two simulated cameras (also: ./run.sh)
	@exec $(PY) -m tools.launcher demo

mock-camera: $(RUN) ## a simulated ESP32: CAMERA=porch FPS=25 SIZE=vga SERVER=host:port CAMERAS=4 IMAGES=folder ARGS="--jitter 50"
	@exec $(PY) -m tools.mock_camera $(if $(CAMERA),--camera "$(CAMERA)") --fps "$(FPS)" --size "$(SIZE)" --server "$(SERVER)" \
		--cameras "$(CAMERAS)" $(if $(IMAGES),--images "$(IMAGES)") $(ARGS)

scale: $(RUN) ## how many processes of a stage: make scale fanout=3 transcode=2
	@exec $(PY) -m tools.ctl scale $(filter-out CAM_% PYTHON=%,$(MAKEOVERRIDES))

restart: $(RUN) ## rolling, nobody is refused; STAGE=fanout for one stage only
	@exec $(PY) -m tools.ctl restart $(STAGE)

release: $(RUN) ## a camera out of quarantine, where it came after its pictures crashed the encoder: make release CAMERA=porch
	@exec $(PY) -m tools.ctl release "$(CAMERA)"

status: $(RUN) ## what runs: cameras, viewers, processes
	@exec $(PY) -m tools.ctl status

stop: $(RUN) ## end the pipeline, from anywhere
	@exec $(PY) -m tools.ctl stop

config: $(RUN) ## the settings in force, and where each came from
	@exec $(PY) -m tools.ctl config

logs: $(RUN) ## follow the logs of all processes
	@exec $(PY) -m tools.ctl logs

recordings-check: $(RUN) ## are all recordings whole? repairs what it can; ARGS="--read-only" or ARGS="--dir folder"
	@exec $(PY) -m tools.recordings_check $(ARGS)

test: $(DEV) ## the whole suite
	@exec $(PY) -m pytest $(ARGS)

check: $(DEV) ## lint, format, types and unit tests, in seconds
	@$(PY) -m ruff check $(CHECKED)
	@$(PY) -m ruff format --check $(CHECKED)
	@$(PY) -m mypy
	@$(PY) -m pytest -q tests/unit

bench: $(DEV) ## the benchmark table, each figure beside its yardstick, in about 10 minutes
	@exec $(PY) -m benchmarks $(ARGS)

bench-quick: $(DEV) ## some of it, with fewer samples, in under a minute
	@exec $(PY) -m benchmarks --quick $(ARGS)

soak: $(DEV) ## cameras and viewers that come and go, MINUTES=20 long: nothing may grow, no frame be unaccounted for
	@SOAK_MINUTES="$(MINUTES)" exec $(PY) -m pytest -s tests/soak/test_soak.py $(ARGS)

soak-recording: $(DEV) ## recordings at changing rates, MINUTES=20 long, then 50 kills: every picture once, or a reason why not
	@SOAK_MINUTES="$(MINUTES)" exec $(PY) -m pytest -s tests/soak/test_soak_recording.py $(ARGS)

clean: ## remove .venv and caches; settings, state and logs stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements/run.txt requirements/install.sh
	@PYTHON="$(PYTHON)" sh requirements/install.sh run

$(DEV): requirements/dev.txt requirements/install.sh
	@PYTHON="$(PYTHON)" sh requirements/install.sh dev
