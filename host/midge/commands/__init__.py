"""One file for each command, each with ``add_parser(sub)`` and ``do_<command>(args)``."""
