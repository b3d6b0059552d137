"""The render-settings presets that come with the server: one TOML file each; see `modules/settings/presets.py`."""
