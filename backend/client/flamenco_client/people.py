"""Calls about people: signing in and out, users and tokens, what they like and share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flamenco_client.calls import Calls, Document, part

API = 1  # of the server that this client was written for; see its `GET /me`


class People(Calls):
    """The part of the client that is about people."""

    # ---- signing in ----

    def start_sign_in(self, program: str) -> Document:
        """Begin to sign in through the browser: show `user_code` and `url_with_code`, keep `device_code` and poll."""
        return self._document("POST", "/sign-ins", body={"program": program[:200]})

    def poll_sign_in(self, device_code: str) -> Document:
        """Its `state`: pending, approved (with the `token`, told this once), denied or expired."""
        return self._document("POST", "/sign-ins/poll", body={"device_code": device_code})

    def waiting_sign_in(self, user_code: str) -> Document:
        """Which program waits with that code, from where, since when."""
        return self._document("GET", f"/sign-ins/{part(user_code)}")

    def approve_sign_in(self, user_code: str) -> None:
        """Let the program with that code act as oneself."""
        self._document("POST", f"/sign-ins/{part(user_code)}/approve")

    def deny_sign_in(self, user_code: str) -> None:
        """Refuse the program with that code."""
        self._document("POST", f"/sign-ins/{part(user_code)}/deny")

    def sign_in(self, name: str, password: str, program: str) -> Document:
        """Begin a session with a password: its `token`, and when it ends."""
        return self._document("POST", "/sign-in", body={"name": name, "password": password, "program": program})

    def sign_out(self) -> None:
        """Take back the token that this client has."""
        self._document("POST", "/sign-out")

    def change_password(self, new: str, old: str = "") -> None:
        """Give oneself another password; `old` is empty for who had none."""
        self._document("POST", "/me/password", body={"new": new, "old": old})

    def create_first_admin(
        self, name: str, password: str, setup_code: str = "", program: str = "a program"
    ) -> Document:
        """Make the first user of a farm; a session of theirs."""
        body = {"name": name, "password": password, "setup_code": setup_code, "program": program}
        return self._document("POST", "/first-admin", body=body)

    # ---- users and tokens ----

    def users(self, **filters: Any) -> Iterator[Document]:
        """The users; filters are `name`, `role`, `enabled`."""
        return self.items("/users", **filters)

    def create_user(self, name: str, role: str = "artist", password: str | None = None) -> Document:
        """Make a user; its `token` is told this once."""
        return self._document("POST", "/users", body={"name": name, "role": role, "password": password})

    def change_user(self, user_id: int, **changes: Any) -> Document:
        """Change `role`, `enabled` or `password`."""
        return self._document("PATCH", f"/users/{user_id}", body=changes, again=True)

    def delete_user(self, user_id: int) -> None:
        """Remove a user and their tokens."""
        self._document("DELETE", f"/users/{user_id}")

    def invite_user(self, user_id: int) -> Document:
        """A link, told this once, with which a user sets their own password."""
        return self._document("POST", f"/users/{user_id}/invite")

    def accept_invite(self, code: str, password: str, program: str = "a program") -> Document:
        """Set one's password with the code of an invitation; a session."""
        return self._document("POST", "/invites/accept", body={"code": code, "password": password, "program": program})

    def tokens(self, **filters: Any) -> Iterator[Document]:
        """The tokens: all for admins, one's own for others."""
        return self.items("/tokens", **filters)

    def create_token(
        self, user: str = "", manager: str = "", label: str = "", expires_at: str | None = None
    ) -> Document:
        """Make a token, told this once; for oneself, or by an admin for others."""
        body = {"user": user, "manager": manager, "label": label, "expires_at": expires_at}
        return self._document("POST", "/tokens", body=body)

    def delete_token(self, token_id: int) -> None:
        """Take a token back."""
        self._document("DELETE", f"/tokens/{token_id}")

    # ---- what they like and share ----

    def my_settings(self) -> Iterator[Document]:
        """One's own settings."""
        return self.items("/me/settings")

    def my_setting(self, name: str) -> Any:
        """The value of one of one's own settings."""
        return self._document("GET", f"/me/settings/{part(name)}").get("value")

    def keep_my_setting(self, name: str, value: Any) -> None:
        """Keep a value for oneself; None takes it away."""
        self._document("PUT", f"/me/settings/{part(name)}", body={"value": value}, again=True)

    def submission_presets(self) -> Iterator[Document]:
        """The presets for submitting that all share."""
        return self.items("/submission-presets")

    def keep_submission_preset(self, name: str, job_type: str, values: Mapping[str, Any], label: str = "") -> Document:
        """Make a preset, or change one."""
        body = {"job_type": job_type, "values": dict(values), "label": label}
        return self._document("PUT", f"/submission-presets/{part(name)}", body=body, again=True)

    def delete_submission_preset(self, name: str) -> None:
        """Take a preset away."""
        self._document("DELETE", f"/submission-presets/{part(name)}")
