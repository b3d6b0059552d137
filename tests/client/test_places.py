"""The client's folders are those that platformdirs names, which the command line uses for the rest."""

from __future__ import annotations

import platformdirs
from flamenco_client.places import cache_folder, config_folder, state_folder


def test_folders_follow_the_platform() -> None:
    assert str(config_folder()) == platformdirs.user_config_dir("flamenco", appauthor=False)
    assert str(state_folder()) == platformdirs.user_state_dir("flamenco", appauthor=False)
    assert str(cache_folder()) == platformdirs.user_cache_dir("flamenco", appauthor=False)
