"""How flows are run: the command line, the embedded world, schedules, containers and functions."""
