"""The `flamenco` command: a thin module a verb, loaded only when its verb is used."""
