"""Runs of this site: claimed for workers, made concrete, reported on."""
