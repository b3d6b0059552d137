"""Judging what commands made: neither an exit code nor a program's word counts, only the file."""
