"""`make status`, `scale`, `restart`, `stop`, `config` and `logs`: they act on the pipeline of CAM_RUN_DIR."""
