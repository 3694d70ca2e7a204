"""Every page of the panel in each state that looks different, and how to get there."""

import base64
import hmac
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from uuid import uuid4

from playwright.sync_api import Page

MAILBOX = "/admin/mailboxes/mailbox/"
DOMAIN = "/admin/mailboxes/domain/"
ALIAS = "/admin/mailboxes/alias/"
ALIAS_DOMAIN = "/admin/mailboxes/aliasdomain/"
PASSWORD = "four unrelated words"
ADMIN_PASSWORD = "four words of Rita alone"
SECRET = base64.b32encode(b"Vera's app has this.").decode()
OWN_FACTORS = "/admin/second-factor/"
ANNA = f"{MAILBOX}anna_40example.org/"
UPGRADE = "/admin/configuration/upgrade/"
IMPORT = "/admin/import/"
LOG = """\
Nov 27 12:00:00 mail postfix/smtpd[1]: warning: SASL: Connect to private/auth failed: Permission denied
Nov 27 12:00:01 mail dovecot: auth: sql(anna@example.org,127.0.0.1): Password mismatch
Nov 27 12:00:02 mail cron[2]: nothing
"""  # noqa: E501
MODES = [
    (width, height, scheme)
    for width, height in ((1280, 800), (390, 844))
    for scheme in ("light", "dark")
]
CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


VERAS = cycle(f"vera{number:02}" for number in range(30))
"""Others with a second factor."""


@dataclass(frozen=True)
class Stop:
    """A page and its visitor.

    `rita`, a superuser, `vera`, another with a second factor, `otto`, of the helpdesk, or `nobody`.
    """

    name: str
    url: str
    prepare: Callable[[Page], object] = lambda page: None
    """What is done on the page first, with or without JavaScript."""

    status: int = 200
    who: str = "rita"
    panel: str = "demo"
    """One of the panels of `Journey`."""

    def __str__(self) -> str:
        return self.name


def code(secret: str = SECRET, steps: int = 0) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def submit(page: Page) -> None:
    """Submit the page's form unchanged."""
    page.evaluate("document.querySelector('main form[method=post]').noValidate = true")
    page.locator("main form[method=post] [type=submit]").first.click()


def press(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def choose(action: str) -> Callable[[Page], None]:
    """Return a function that selects the last two rows and chooses the action."""

    def prepare(page: Page) -> None:
        for number in (-1, -2):
            page.locator("input[name=_selected_action]").nth(number).check()
        page.locator(f"button[name=action][value={action}]").click()

    return prepare


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def wrong_login(page: Page) -> None:
    """Fail with a new name each time: the fifth failure of one name would lock it."""
    log_in(page, f"nobody-{uuid4()}", "wrong")


def enter_password_of_vera(page: Page) -> None:
    """Stop before the code, each time as another Vera: the attempts of one would lock her."""
    log_in(page, next(VERAS), PASSWORD)


def enter_wrong_code(page: Page) -> None:
    enter_password_of_vera(page)
    page.locator("input[name=code]").first.fill("x")
    page.get_by_role("button", name="Sign in").first.click()


def log_in_and_out(page: Page) -> None:
    log_in(page, "otto", PASSWORD)
    page.locator(".account summary").click()
    page.locator("#logout-form button").click()


def wrong_password(page: Page) -> None:
    change_password(f"{uuid4()}@example.org", "x", "y")(page)


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


def enter_new_address(page: Page) -> None:
    page.locator("input[name=address_0]").fill("anna-berg")
    page.get_by_role("button", name="Continue").click()


def enter_new_domain(page: Page) -> None:
    page.locator("input[name=domain]").fill("new.example")
    page.get_by_role("button", name="Continue").click()


def lock(page: Page) -> None:
    """Try wrong passwords until the address is locked, which it may have ceased to be."""
    for _ in range(6):
        with page.expect_navigation():
            change_password("locked@example.org", "x", "y")(page)
        if page.get_by_role("heading", name="Too many attempts").count():
            return


def change_name(page: Page) -> None:
    """Save another name and open the history."""
    name = page.locator("input[name=name]")
    name.fill("Anna Berg" if "Kunz" in name.input_value() else "Anna Berg-Kunz")
    page.locator("button[name=_continue]").click()
    page.locator("a[href$='/history/']").click()


def set_quota_of_all(page: Page) -> None:
    """Be refused for each of 120 rows."""
    page.locator("input[name=_selected_action]").first.check()
    page.locator("input[name=select_across]").check()
    page.locator("button[name=action][value=set_quota]").click()
    page.locator("input[name=quota_0]").fill("2")
    page.locator("main form .button.primary").click()
    page.get_by_role("link", name="Back to the list").wait_for()


def report_on_quotas(page: Page) -> None:
    set_quota_of_all(page)
    page.get_by_role("link", name="Report").click()


PEOPLE = f"""\
Adresse;Name;Kontingent (MB);Passwort
new@example.org;New One;500;{PASSWORD} of New
anna@example.org;Anna Kunz;500;
late@example.org;Late;much;
weak@example.org;Weak;;secret
far@nowhere.example;Far;;
"""


def check_file(text: str) -> Callable[[Page], None]:
    """Return a function that uploads a file to import, and waits for its dry run."""

    def prepare(page: Page) -> None:
        file = {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode()}
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_label("Update existing rows").check()
        page.get_by_role("button", name="Check the file").click()

    return prepare


def explain_log(page: Page) -> None:
    page.get_by_text("Explain log lines").click()
    page.fill("[name=log]", LOG)
    page.locator("form:has([name=log]) [type=submit]").click()


STOPS = [
    Stop("domains", DOMAIN),
    Stop("mailboxes", MAILBOX),
    Stop("mailboxes-filtered", f"{MAILBOX}?active__exact=1&domain=example.org&q=a&sort=-usage"),
    Stop("mailboxes-nothing", f"{MAILBOX}?q=zzz"),
    Stop("aliases", ALIAS),
    Stop("alias-domains", ALIAS_DOMAIN),
    Stop("mailboxes-filter", MAILBOX, press(".filters summary")),
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
    Stop("mailbox-undo", f"{MAILBOX}bob_40example.org/change/", press(".page-head button")),
    Stop("alias-domain", f"{ALIAS_DOMAIN}example.com/change/"),
    Stop("mailbox-history", f"{ANNA}change/", change_name),
    Stop("dashboard", "/admin/"),
    Stop("menu", "/admin/#menu"),
    Stop("account", "/admin/", press(".account summary")),
    Stop("domain-delete", f"{DOMAIN}example.net/delete/"),
    Stop("alias-delete", f"{ALIAS}jobs_40example.org/delete/"),
    Stop("alias-domain-delete", f"{ALIAS_DOMAIN}example.com/delete/"),
    Stop("import", IMPORT),
    Stop("import-checked", IMPORT, check_file(PEOPLE)),
    Stop("import-columns", IMPORT, check_file("new@example.org;New One;500\n")),
    Stop("log", "/admin/log/"),
    Stop("log-filters", "/admin/log/?q=zzz&action=mailbox.create", press(".filters summary")),
    Stop("search", "/admin/search/?q=example"),
    Stop("configuration", "/admin/configuration/"),
    Stop("doctor", "/admin/doctor/"),
    Stop("doctor-examined", "/admin/doctor/", press(".page-head button")),
    Stop("doctor-log", "/admin/doctor/", explain_log),
    Stop("adoption", "/admin/configuration/adoption/"),
    Stop("adoption-refused", "/admin/configuration/adoption/", submit),
    Stop("upgrade", UPGRADE),
    Stop("upgrade-refused", f"{UPGRADE}?from=v2/debian13/CRAM-MD5&to=v1/debian13/MD5"),
    Stop("administrators", "/admin/auth/user/"),
    Stop("administrator-add", "/admin/auth/user/add/"),
    Stop("administrator", "/admin/auth/user/1/change/"),
    Stop("administrator-password", "/admin/auth/user/1/password/"),
    Stop("helpdesk-dashboard", "/admin/", who="otto"),
    Stop("helpdesk-mailbox", f"{MAILBOX}anna_40example.org/change/", who="otto"),
    Stop("helpdesk-password", f"{MAILBOX}anna_40example.org/password/", who="otto"),
    Stop("own-password", "/admin/password_change/"),
    Stop("own-password-changed", "/admin/password_change/done/"),
    Stop("empty-dashboard", "/admin/", panel="empty"),
    Stop("empty-domains", DOMAIN, panel="empty"),
    Stop("empty-mailboxes", MAILBOX, panel="empty"),
    Stop("empty-alias-domains", ALIAS_DOMAIN, panel="empty"),
    Stop("many-upgrade", f"{UPGRADE}?from=v2/debian12/CRAM-MD5", panel="many"),
    Stop("many-quota-refused", MAILBOX, set_quota_of_all, panel="many"),
    Stop("many-quota-report", MAILBOX, report_on_quotas, panel="many"),
    Stop("many-dashboard", "/admin/", panel="many"),
    Stop("many-domains", DOMAIN, panel="many"),
    Stop("many-mailboxes", MAILBOX, panel="many"),
    Stop("many-mailboxes-next", f"{MAILBOX}?after=box060@d00.example.org", panel="many"),
    Stop("many-filter", MAILBOX, press(".filters summary"), panel="many"),
    Stop("many-mailbox-add", f"{MAILBOX}add/", panel="many"),
    Stop("many-alias-domain-add", f"{ALIAS_DOMAIN}add/", panel="many"),
    Stop("sign-in", "/admin/login/", who="nobody"),
    Stop("sign-in-wrong", "/admin/login/", wrong_login, who="nobody"),
    Stop("signed-out", "/admin/login/", log_in_and_out, who="nobody"),
    Stop("password", "/password/", who="nobody"),
    Stop("password-wrong", "/password/", wrong_password, who="nobody"),
    Stop("password-changed", "/password/changed/", who="nobody"),
    Stop("mail-programs", "/mail-programs/", who="nobody"),
    Stop("mail-programs-profile", "/mail-programs/?address=anna@example.org", who="nobody"),
    Stop("dns", f"{DOMAIN}example.org/dns/"),
    Stop("client-settings", f"{MAILBOX}anna_40example.org/client-settings/"),
    Stop("password-kept", "/password/kept/", who="nobody"),
    Stop("400", f"{MAILBOX}?password__startswith=x", status=400),
    Stop("403", "/admin/configuration/", status=403, who="otto"),
    Stop("second-factor-none", OWN_FACTORS),
    Stop("second-factor", OWN_FACTORS, who="vera"),
    Stop("second-factor-required", OWN_FACTORS, panel="strict"),
    Stop("second-factor-app", f"{OWN_FACTORS}app/"),
    Stop("second-factor-app-required", f"{OWN_FACTORS}app/", panel="strict"),
    Stop("second-factor-passkey", f"{OWN_FACTORS}passkey/"),
    Stop("second-factor-reset", "/admin/auth/user/3/second-factor/"),
    Stop("recovery-codes", f"{OWN_FACTORS}recovery-codes/", who="vera"),
    Stop("recovery-codes-new", f"{OWN_FACTORS}recovery-codes/", submit, who="vera"),
    Stop("confirm", "/admin/confirm/?next=/admin/log/&repeat=1", who="vera"),
    Stop("second-factor-remove", f"{OWN_FACTORS}1/remove/", who="vera"),
    Stop("sign-in-code", "/admin/login/", enter_password_of_vera, who="nobody"),
    Stop("sign-in-code-wrong", "/admin/login/", enter_wrong_code, who="nobody"),
    Stop("403-form", "/admin/login/", without_cookies, status=403, who="nobody"),
    Stop("404", "/nowhere/", status=404, who="nobody"),
    Stop(
        "429",
        "/password/",
        lock,
        status=429,
        who="nobody",
    ),
    Stop("500", "/admin/login/", wrong_login, status=500, who="nobody", panel="broken"),
    Stop(
        "503",
        "/password/",
        change_password("anna@example.org", "x", "y"),
        status=503,
        who="nobody",
        panel="broken",
    ),
    Stop("domain-rename", "/admin/mailboxes/domain/example.org/rename/", enter_new_domain),
    Stop("mailbox-rename-confirm", f"{ANNA}rename/", enter_new_address),
    # Last, because pressing Delete there removes rows that other pages need.
    Stop("mailbox-delete", f"{ANNA}delete/"),
    Stop("administrator-delete", "/admin/auth/user/2/delete/"),
]


def visit(stop: Stop, page: Page) -> int:
    """Open the page, prepare it, and return the status of the response."""
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


def mark_controls(page: Page) -> int:
    """Number the visible controls; a group of radio buttons counts as one."""
    script = """selector => {
        const seen = [...document.querySelectorAll(selector)].filter(
            control => control.checkVisibility({visibilityProperty: true}) && !control.disabled
                && control.tabIndex >= 0);
        const names = new Set();
        let number = 0;
        for (const control of seen) {
            if (control.type === "radio" && names.has(control.name)) continue;
            if (control.type === "radio") names.add(control.name);
            control.dataset.control = number++;
        }
        return number;
    }"""
    return int(page.evaluate(script, CONTROLS))
