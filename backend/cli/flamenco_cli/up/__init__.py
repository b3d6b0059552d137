"""`flamenco up`: the whole farm on one machine."""
