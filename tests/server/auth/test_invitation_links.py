"""Where the link of an invitation leads: into the dashboard if there is one."""

from __future__ import annotations

from pathlib import Path

from server_farm import make_site


def test_an_invitation_leads_into_the_dashboard_if_there_is_one(tmp_path: Path) -> None:
    site = make_site(tmp_path, dashboard_url="https://farm.studio/dashboard/")
    try:
        made = site.by("admin")("POST", "/api/users/2/invite").json
        assert made["url"] == f"https://farm.studio/dashboard/invite#name=artist&invite={made['code']}"
    finally:
        site.database.close()
