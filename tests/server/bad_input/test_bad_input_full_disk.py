"""A full disk under the server's own database: a 507 in one sentence, and all is there when there is room again."""

from __future__ import annotations

from typing import Any

from server_farm import Site
from sqlalchemy import event, text


def test_a_job_that_finds_no_room_is_a_507_and_can_be_submitted_again(site: Site) -> None:
    kept = site.submit()
    sent = site.submission(settings={"frames": "1-20000"}, client_token="once")
    limit = Limit(site)
    refused = site.by("artist")("POST", "/api/jobs", json=sent)
    assert refused.status_code == 507
    assert refused.json["detail"] == "the disk of the server's database is full"
    assert [job["id"] for job in site.by("viewer")("GET", "/api/jobs").json["items"]] == [kept]
    limit.lift()
    assert site.by("artist")("POST", "/api/jobs", json=sent).status_code == 201


class Limit:
    """Lets the database file grow by a few pages only, as a full disk does."""

    def __init__(self, site: Site) -> None:
        self._engine = site.database.engine
        with self._engine.connect() as connection:
            self._pages = connection.execute(text("PRAGMA page_count")).scalar_one() + 20
        self._engine.dispose()
        event.listen(self._engine, "connect", self._bound)

    def lift(self) -> None:
        event.remove(self._engine, "connect", self._bound)
        self._engine.dispose()

    def _bound(self, connection: Any, record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={self._pages}")
