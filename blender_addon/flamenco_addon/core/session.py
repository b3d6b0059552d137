"""Who is signed in where, and how it stands with that farm; everything is asked in the background."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from enum import Enum

from flamenco_client.account import Account, account_file, find_account, write_account
from flamenco_client.api import Client
from flamenco_client.errors import ClientError

from .background import Background, Work
from .catalogue import Catalogue
from .connection import Part, Verdict, ask, diagnose
from .discovery import Farm, find_farms
from .signing import Started, begin, take_back, wait

ASK_SECONDS = 60.0  # that the farm has to say what it offers
TEST_SECONDS = 40.0
FRESH_SECONDS, AWAY_SECONDS = 300.0, 30.0  # after which the farm is asked again by itself; the latter after a failure


class Connection(Enum):
    """How it stands with the farm."""

    SIGNED_OUT = "signed out"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"  # `Session.problem` says why


class Session:
    """The account, and what is known of its farm."""

    def __init__(self, background: Background, shipped: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """`shipped` is the address to begin with where nobody signed in yet."""
        self.background, self._clock, self._asked_at = background, clock, clock()
        self.connection = Connection.SIGNED_OUT
        self.problem = ""  # one sentence, drawn in the panel
        self.verdict: Verdict | None = None  # of the last test of the connection
        self.catalogue: Catalogue | None = None
        self.catalogue_listeners: list[Callable[[], None]] = []  # called on the main thread when it changed
        self.browser: Started | None = None  # a sign-in through the browser that waits for a person
        self.found: list[Farm] | None = None  # farms on the network; None: nobody looked
        self.looking = False
        self.asked = ""  # the address that is asked now, or was
        self._held_back = False  # the farm is to be asked once the network may be used
        self.account = find_account("", "", os.environ)
        if not self.account.address:
            self.account = Account(shipped, "")
        self.typed_address = self.account.address  # in the sign-in form
        self.typed_token = ""  # there too, until it is used
        self._asking = Work("nothing")

    # ---- for who makes one ----

    def redraw(self) -> None:
        """Something changed that is shown."""

    def account_changed(self) -> None:
        """Somebody else is signed in, or nobody, or elsewhere."""

    # ---- the account ----

    def typed_account(self) -> Account:
        """The account of the sign-in form; of who is signed in, if there is no such form."""
        if self.account.token:
            return self.account
        return Account(self.typed_address, self.typed_token)

    def sign_in(self, account: Account) -> None:
        """Ask the farm with an account, in the background; it is kept once the farm knows it."""
        self._ask(account, keep=True)

    def sign_in_by_browser(self, open_page: Callable[[str], None]) -> None:
        """Get a code from the farm that is typed in the form, and wait until a person said yes to it in the browser."""
        address = self.typed_address

        def begun(started: Started) -> None:
            self.browser = started
            # The token is good for the address that it was asked of, and only goes there.
            asking = self._begin(address, lambda token: self.sign_in(Account(address, token)))
            asking("sign in", lambda progress: wait(address, started, progress), None)
            open_page(started.url)

        self._begin(address, begun)("sign in", lambda _: begin(address), ASK_SECONDS)

    def find_farms(self) -> None:
        """Look which farms are announced on the network, in the background."""
        self.found, self.looking = [], True

        def looked(farms: list[Farm]) -> None:
            self.found, self.looking = farms, False
            if len(farms) == 1 and not self.typed_address:
                self.typed_address = farms[0].address
            self.redraw()

        def failed(sentence: str) -> None:
            self.looking, self.problem = False, sentence
            self.redraw()

        self.background.start("find farms", lambda progress: find_farms(progress), looked, failed)

    def stop_asking(self) -> None:
        """Do not wait for the farm any more."""
        self._asking.cancel()
        self._asking, self.browser = Work("nothing"), None
        if self.connection is Connection.CONNECTING:
            self.connection = Connection.FAILED if self.account.token else Connection.SIGNED_OUT
            self.problem = ""
        self.redraw()

    def sign_out(self) -> Work:
        """Forget the account on this machine, and have the farm end the token in the background; the address stays."""
        self.stop_asking()
        left = self.account
        self.connection, self.problem, self.verdict = Connection.SIGNED_OUT, "", None
        self.typed_address = self.account.address
        try:
            account_file().unlink(missing_ok=True)
        except OSError as error:
            self.problem = f"the account stays in {account_file()}: {error.strerror or error}"
        self._become(Account(self.account.address, ""))
        self._offer(None)

        def failed(sentence: str) -> None:
            if not self.account.token and self.connection is Connection.SIGNED_OUT:
                told = f"signed out here only, the farm still takes the token ({sentence}): take it back in your list of tokens"
                self.problem = self.problem or told
                self.redraw()

        return self.background.start("sign out", lambda _: take_back(left), failed=failed, seconds=TEST_SECONDS)

    def client(self) -> Client:
        """A client of the farm for one thread. Raises `ClientError` if the network is barred, or nobody is signed in."""
        if barred := self.background.barred():
            raise ClientError(barred)
        if not self.account.address or not self.account.token:
            raise ClientError(
                "you are not signed in to a farm: see Sign In in the panel or FLAMENCO_SERVER and FLAMENCO_TOKEN"
            )
        return Client(self.account.address, self.account.token)

    def _become(self, account: Account) -> None:
        if account != self.account:
            self.account = account
            self.account_changed()

    # ---- the farm ----

    def connect(self) -> None:
        """Ask the farm what it offers, in the background; as soon as that is allowed."""
        self._held_back = bool(self.background.barred())
        if self.account.token and not self._held_back:
            self._ask(self.account)

    def look(self) -> None:
        """The panel is drawn: ask for news of a farm that was not asked for long, without a change to what is shown."""
        if self._held_back:
            self.connect()
        since = self._clock() - self._asked_at
        if (self.connection is Connection.CONNECTED and since > FRESH_SECONDS) or (
            self.connection is Connection.FAILED and since > AWAY_SECONDS
        ):
            self._ask(self.account, quiet=True)

    def test(self) -> None:
        """Find out what is wrong with the account, in the background; `verdict` says it then."""
        account = self.typed_account()
        self.verdict = None

        def failed(sentence: str) -> None:
            self.judged(Verdict(Part.ADDRESS, sentence))

        self.background.start("test", lambda _: diagnose(account), self.judged, failed, seconds=TEST_SECONDS)

    def judged(self, verdict: Verdict) -> None:
        """The connection was tested."""
        self.verdict = verdict
        self.redraw()

    def _begin(self, address: str, done: Callable[..., None], *, quiet: bool = False) -> Callable[..., None]:
        """How to ask the farm something: what was asked before is not waited for any more."""
        self._asking.cancel()
        self._asked_at = self._clock()
        if not quiet:
            self.asked, self.problem, self.verdict = address, "", None
            self.connection = Connection.CONNECTING

        def start(name: str, work: Callable[..., object], seconds: float | None) -> None:
            def is_wanted() -> bool:
                return asking is self._asking

            asking = self._asking = self.background.start(
                name,
                work,
                lambda result: done(result) if is_wanted() else None,
                lambda sentence: self.failed(sentence) if is_wanted() else None,
                seconds=seconds,
            )
            if not quiet:
                self.redraw()

        return start

    def _ask(self, account: Account, *, keep: bool = False, quiet: bool = False) -> None:
        self.browser = None
        start = self._begin(account.address, lambda verdict: self._answered(account, verdict, keep), quiet=quiet)
        start("connect", lambda _: ask(account), ASK_SECONDS)

    def _answered(self, account: Account, verdict: Verdict, keep: bool) -> None:
        """The farm answered, or something else did, or nothing."""
        if verdict.catalogue is None:
            if verdict.part is Part.TOKEN:
                self.typed_address = account.address
                self._become(Account(account.address, ""))
                self._offer(None)
            self.failed(verdict.text)
            return
        if keep:
            try:
                write_account(account, account_file())
            except ClientError as error:
                self.failed(str(error))
                return
        self._become(account)
        self.connected(verdict.catalogue)
        self.problem = "" if verdict.good else verdict.text

    def connected(self, catalogue: Catalogue) -> None:
        """The farm said what it offers."""
        self.connection, self.problem = Connection.CONNECTED, ""
        self._offer(catalogue)

    def failed(self, sentence: str) -> None:
        """The farm did not answer as it should; what was known of it stays."""
        self.browser = None
        self._held_back = bool(self.background.barred())
        self.connection = Connection.FAILED if self.account.token else Connection.SIGNED_OUT
        self.problem = sentence
        self.redraw()

    def _offer(self, catalogue: Catalogue | None) -> None:
        self.catalogue = catalogue
        for listener in self.catalogue_listeners:
            listener()
        self.redraw()
