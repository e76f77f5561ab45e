#!/bin/sh
# The pipeline with two simulated cameras: the same as `make demo`.
cd "$(dirname "$0")" && exec make demo "$@"
