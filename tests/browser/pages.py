"""Every page of the panel, each state of it that looks different, and how one gets there."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

MAILBOX = "/admin/mailboxes/mailbox/"
DOMAIN = "/admin/mailboxes/domain/"
ALIAS = "/admin/mailboxes/alias/"
ALIAS_DOMAIN = "/admin/mailboxes/aliasdomain/"
ANNA = f"{MAILBOX}anna_40example.org/"
MOVING = "/admin/configuration/moving/"


@dataclass(frozen=True)
class Stop:
    """A page, and who sees it: `rita` the superuser, `otto` who may nothing, or `nobody`."""

    name: str
    url: str
    prepare: Callable[[Page], object] = lambda page: None
    """What is done there before one looks; it works with and without JavaScript."""

    status: int = 200
    who: str = "rita"
    broken: bool = False
    """Whether it is seen on a panel whose mail database does not answer."""

    def __str__(self) -> str:
        return self.name


def submit(page: Page) -> None:
    """Send the page's own form as it is."""
    page.evaluate("document.querySelector('main form[method=post]').noValidate = true")
    page.locator("main form[method=post] [type=submit]").first.click()


def choose(action: str) -> Callable[[Page], None]:
    """Return what selects two rows and asks for the action."""

    def prepare(page: Page) -> None:
        for number in (0, 1):
            page.locator("input[name=_selected_action]").nth(number).check()
        page.locator(f"button[name=action][value={action}]").click()

    return prepare


def wrong_login(page: Page) -> None:
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()


def without_cookies(page: Page) -> None:
    page.context.clear_cookies()
    wrong_login(page)


def change_password(address: str, current: str, new: str) -> Callable[[Page], None]:
    def prepare(page: Page) -> None:
        page.locator("input[name=address]").fill(address)
        for name, text in (
            ("current_password", current),
            ("new_password1", new),
            ("new_password2", new),
        ):
            page.locator(f"input[name={name}]").fill(text)
        page.get_by_role("button", name="Change password").click()

    return prepare


def fail_often(page: Page) -> None:
    for _ in range(5):
        page.goto("/password/")
        change_password("locked@example.org", "wrong", "wrong")(page)


STOPS = [
    Stop("dashboard", "/admin/"),
    Stop("menu", "/admin/#menu"),
    Stop("domains", DOMAIN),
    Stop("mailboxes", MAILBOX),
    Stop("mailboxes-filtered", f"{MAILBOX}?active__exact=1&domain=example.org&q=a"),
    Stop("mailboxes-nothing", f"{MAILBOX}?q=zzz"),
    Stop("aliases", ALIAS),
    Stop("alias-domains", ALIAS_DOMAIN),
    Stop("mailboxes-disable", MAILBOX, choose("disable")),
    Stop("mailboxes-quota", MAILBOX, choose("set_quota")),
    Stop("mailboxes-delete", MAILBOX, choose("delete_selected")),
    Stop("domain-add", f"{DOMAIN}add/"),
    Stop("mailbox-add", f"{MAILBOX}add/"),
    Stop("mailbox-add-errors", f"{MAILBOX}add/", submit),
    Stop("alias-add", f"{ALIAS}add/"),
    Stop("alias-domain-add", f"{ALIAS_DOMAIN}add/"),
    Stop("domain", f"{DOMAIN}example.org/change/"),
    Stop("mailbox", f"{ANNA}change/"),
    Stop("alias", f"{ALIAS}info_40example.org/change/"),
    Stop("alias-domain", f"{ALIAS_DOMAIN}example.com/change/"),
    Stop("mailbox-history", f"{ANNA}history/"),
    Stop("domain-delete", f"{DOMAIN}example.net/delete/"),
    Stop("mailbox-delete", f"{ANNA}delete/"),
    Stop("configuration", "/admin/configuration/"),
    Stop("moving", MOVING),
    Stop("moving-shut-out", f"{MOVING}?from=v2/debian13/CRAM-MD5&to=v1/debian13/MD5"),
    Stop("administrators", "/admin/auth/user/"),
    Stop("administrator-add", "/admin/auth/user/add/"),
    Stop("administrator", "/admin/auth/user/1/change/"),
    Stop("administrator-password", "/admin/auth/user/1/password/"),
    Stop("groups", "/admin/auth/group/"),
    Stop("group-add", "/admin/auth/group/add/"),
    Stop("own-password", "/admin/password_change/"),
    Stop("log-in", "/admin/login/", who="nobody"),
    Stop("log-in-wrong", "/admin/login/", wrong_login, who="nobody"),
    Stop("password", "/password/", who="nobody"),
    Stop("password-wrong", "/password/", change_password("x@example.org", "x", "y"), who="nobody"),
    Stop("password-changed", "/password/changed/", who="nobody"),
    Stop("400", f"{MAILBOX}?password__startswith=x", status=400),
    Stop("403", "/admin/configuration/", status=403, who="otto"),
    Stop("403-form", "/admin/login/", without_cookies, status=403, who="nobody"),
    Stop("404", "/nowhere/", status=404, who="nobody"),
    Stop("429", "/password/", fail_often, status=429, who="nobody"),
    Stop("500", "/admin/login/", wrong_login, status=500, who="nobody", broken=True),
    Stop(
        "503",
        "/password/",
        change_password("anna@example.org", "x", "y"),
        status=503,
        who="nobody",
        broken=True,
    ),
]


def visit(stop: Stop, page: Page) -> int:
    """Open the page, bring it into its state, and return the answer's status."""
    statuses: list[int] = []

    def note(response: object) -> None:
        request = response.request  # type: ignore[attr-defined]
        if request.is_navigation_request():
            statuses.append(response.status)  # type: ignore[attr-defined]

    page.on("response", note)
    page.goto(stop.url)
    stop.prepare(page)
    page.wait_for_load_state()
    page.remove_listener("response", note)
    return statuses[-1]
