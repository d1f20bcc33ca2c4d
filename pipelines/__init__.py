"""The Ray runner, its jobs and the command line."""
