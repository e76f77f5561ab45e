"""`make status`, `scale`, `restart`, `release`, `stop`, `config` and `logs`: on the pipeline of CAM_RUN_DIR."""
