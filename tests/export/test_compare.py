import re
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from mailboxes.export import upgrade
from mailboxes.export.compare import (
    BadHost,
    Comparison,
    host_choices,
    parse_host,
    suggested_upgrade,
)
from mailboxes.export.compatibility import (
    MAX_ADDRESSES,
    find_problem,
    incompatible_mailboxes,
    stored_passwords,
)
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.variants import DEBIAN13, VARIANTS
from tests.hashes import BCRYPT, CHEAP, COSTLY, CRAM, MD5, SHA512_CRYPT

URL = "/admin/configuration/upgrade/"
MD5_CRYPT = "$1$abcdefgh$XxzGe9Muun7wTYbZO4sdr0"
DES = "abQ9KY.KfrYrc"
YESCRYPT = "$y$j75$LBqXQGp4qvWTHte0yqFyq0$fFQo19c5umJXXDMzDaoAq4qkXkDH5jTSwIYljm/Pe.9"
# What Dovecot 2.3.19 and 2.4.1 read of the known forms, asked with the exported queries.
NAMES = {
    MD5: "PLAIN-MD5",
    MD5.upper(): "PLAIN-MD5",
    SHA512_CRYPT: "SHA512-CRYPT",
    BCRYPT: "BLF-CRYPT",
    MD5_CRYPT: "MD5-CRYPT",
    DES: "DES-CRYPT",
    YESCRYPT: "CRYPT",
    f"{{crypt}}{SHA512_CRYPT}": "SHA512-CRYPT",
    f"{{CRYPT}}{DES}": "DES-CRYPT",
    f"{{CRYPT}}{MD5_CRYPT}": "MD5-CRYPT",
    f"{{SHA512-CRYPT}}{MD5_CRYPT}": "MD5-CRYPT",
    f"{{SHA256-CRYPT}}{BCRYPT}": "BLF-CRYPT",
    f"{{DES-CRYPT}}{SHA512_CRYPT}": "DES-CRYPT",
    f"{{MD5}}{MD5_CRYPT}": "MD5",
    f"{{md5.hex}}{MD5_CRYPT.encode().hex()}": "MD5",
    f"{{MD5}}{MD5}": "MD5",
    "{md5}rL0Y20zC+Fzt72VPzMSk2A==": "MD5",
    f"{{Plain-Md5}}{MD5}": "PLAIN-MD5",
    f"{{LDAP-MD5}}{MD5}": "LDAP-MD5",
    "{PLAIN-MD5.B64}rL0Y20zC+Fzt72VPzMSk2A==": "PLAIN-MD5",
    "{SHA}0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33": "SHA",
    f"{{CRAM-MD5}}{CRAM}": "CRAM-MD5",
    f"{{cram-md5}}{CRAM.upper()}": "CRAM-MD5",
    "{PLAIN.hex}666f6f": "PLAIN",
}
REFUSED = [
    "",
    "foo",
    "{NOPE}foo",
    "{PLAIN}",
    "{PLAIN.HEX}666f6",
    "{PLAIN-TRUNC}foo",
    f"{{MD5RAW}}{MD5}",
    f"{{PLAIN-MD5}}{MD5[:-1]}",
    f"{{PLAIN-MD5}}{MD5}00",
    f"{{CRAM-MD5}}{CRAM[:-2]}",
    f"{{CRAM-MD5}} {CRAM}",
    f"{{CRYPT}}{MD5}",
    f"{{CRYPT}}{{PLAIN-MD5}}{MD5}",
    f"{{BLF-CRYPT}}{SHA512_CRYPT}",
    f"{{MD5-CRYPT}}{SHA512_CRYPT}",
    f"{{MD5}}{DES}",
    f"{{ARGON2ID}}{BCRYPT}",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijMAAAA=",
    "{SSHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SMD5}rL0Y20zC+Fzt72VPzMSk2A==",
    "{SCRAM-SHA-256}4096,,,",
    "{PBKDF2}$1$salt",
    "{CRYPT}ünïcode",
    "{SSHA}ünïcode",
    SHA512_CRYPT[:-1],
    BCRYPT[:-1],
    "*0",
    "!",
    # bare, which nobody but pam_mysql with another crypt= reads
    "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33",
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc663832"
    "6e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7",
    "*F3A2A51A9B0F2BE2468926B4132313728C250DBF",
    "26349fe6f276af7590bb7e3448479153:salt",
    "MpJNrOjJiUIzqnSsZAtPVniXV49zYWx0",
    COSTLY[0].partition("}")[2],
]
WEAK = ("PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5", "SMD5", "MD5", "MD5-CRYPT", "DES-CRYPT", "HMAC-MD5")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")


def why(found: Problem | None) -> Reason | None:
    return found.reason if found else None


@pytest.mark.parametrize(("stored", "scheme"), NAMES.items())
def test_a_weak_scheme_is_known_whatever_the_row_calls_it(stored: str, scheme: str) -> None:
    assert schemes.find_problem(stored) is None
    assert schemes.find_problem(stored, weak=[scheme]) == Problem(Reason.WEAK, scheme)


@pytest.mark.parametrize("stored", REFUSED)
def test_what_dovecot_cannot_read_is_refused_with_weak_schemes_too(stored: str) -> None:
    assert why(schemes.find_problem(stored)) in (Reason.EMPTY, Reason.UNKNOWN)
    assert why(schemes.find_problem(stored, pam_crypt=3)) in (Reason.EMPTY, Reason.UNKNOWN)
    assert not schemes.find_problem(stored or None, weak=WEAK).scheme  # type: ignore[union-attr]


@pytest.mark.parametrize("stored", CHEAP + COSTLY)
def test_dovecot_reads_every_known_form_that_names_its_scheme(stored: str) -> None:
    prefix = re.match(r"\{([^}.]*)", stored)
    named = prefix and prefix[1].upper()
    if named == "MD5RAW" or stored in REFUSED:
        assert schemes.find_problem(stored) == Problem(Reason.UNKNOWN)
        return
    assert schemes.find_problem(stored) is None
    if named in WEAK:
        assert schemes.find_problem(stored, weak=DEBIAN13.weak) == Problem(Reason.WEAK, named)
    elif named and named != "CRYPT":
        assert schemes.find_problem(stored, weak=DEBIAN13.weak) is None


@pytest.mark.parametrize("stored", NAMES)
def test_pam_mysql_reads_one_bare_form(stored: str) -> None:
    as_md5, as_crypt = (schemes.find_problem(stored, pam_crypt=crypt) for crypt in (3, 1))
    assert (as_md5 is None) == (stored == MD5)
    assert (as_crypt is None) == (stored in (SHA512_CRYPT, BCRYPT, MD5_CRYPT, DES, YESCRYPT))
    assert {why(as_md5), why(as_crypt)} <= {None, Reason.NOT_FOR_PAM}


@pytest.mark.parametrize(
    ("stored", "mechanism"),
    [
        (f"{{CRAM-MD5}}{CRAM}", "CRAM-MD5"),
        (f"{{HMAC-MD5}}{CRAM}", "CRAM-MD5"),
        (next(row for row in CHEAP if row.startswith("{SCRAM-SHA-256}")), "SCRAM-SHA-256"),
        (f"{{SHA512-CRYPT}}{SHA512_CRYPT}", ""),
        ("{PLAIN-TRUNC}4-foo", ""),
    ],
)
def test_a_row_serves_one_mechanism_beside_plain_and_login(stored: str, mechanism: str) -> None:
    assert schemes.find_problem(stored, mechanisms=("PLAIN", "LOGIN")) is None
    for offered in ("CRAM-MD5", "SCRAM-SHA-256"):
        found = schemes.find_problem(stored, mechanisms=("PLAIN", "LOGIN", offered))
        assert why(found) == (None if offered == mechanism else Reason.PLAIN_ONLY)


@pytest.mark.parametrize("stored", ["{PLAIN}foo", "{CLEAR}foo", "{cleartext}foo"])
def test_clear_text_serves_every_mechanism(stored: str) -> None:
    assert schemes.find_problem(stored, mechanisms=[*MECHANISMS, "SCRAM-SHA-256"]) is None


def test_what_the_panel_writes_for_a_host_signs_in_there_by_every_mechanism() -> None:
    hosts = [parse_host(value) for value in host_choices()]
    rows = {host.scheme.handler: "" for host in hosts}
    rows = {handler: schemes.make_password("foo", handler) for handler in rows}
    for host in hosts:
        assert find_problem(rows[host.scheme.handler], host) is None


# --- The names of hosts


def test_what_a_name_leaves_out_is_as_in_the_settings(settings: Settings) -> None:
    settings.MAIL_RELEASE = "debian13"
    assert parse_host("debian12").key == "v2/debian12/CRAM-MD5"
    assert parse_host("v1").key == "v1/debian13/MD5"
    assert parse_host("DEBIAN12/V1/sha512-crypt").key == "v1/debian12/SHA512-CRYPT"
    settings.MAIL_PASSWORD_SCHEME = "SHA512-CRYPT"
    assert parse_host("v1").key == "v1/debian13/SHA512-CRYPT"
    settings.MAIL_PASSWORD_SCHEME = "ARGON2ID"
    assert parse_host("v1").key == "v1/debian13/MD5"
    assert all(parse_host(value).key == value for value in host_choices())
    assert len(host_choices()) == 2 * sum(len(variant.schemes) for variant in VARIANTS.values())


@pytest.mark.parametrize(
    "text", ["", "debian11", "v1/v2", "v1/v1", "v1/", "/", "v1 debian12", "v1/debian12/x"]
)
def test_a_name_that_is_none_says_which_there_are(text: str) -> None:
    with pytest.raises(
        BadHost, match=r"doesn't describe a host.*v1, v2.*debian12, debian13.*CRAM-MD5"
    ):
        parse_host(text)


def test_a_scheme_of_the_other_variant_is_refused() -> None:
    with pytest.raises(
        BadHost, match=r"v1 doesn't support the scheme CRAM-MD5\. Use one of: MD5, SHA512"
    ):
        parse_host("v1/CRAM-MD5")


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_the_suggested_upgrade_is_the_upgrade(settings: Settings, release: str) -> None:
    settings.MAIL_RELEASE = release
    assert suggested_upgrade() == ("v2/debian12/CRAM-MD5", "v2/debian13/CRAM-MD5")


# --- The mailboxes


def add(address: str, stored: str, **more: Any) -> None:
    domain = Domain.objects.get_or_create(domain=address.partition("@")[2])[0]
    local_part = address.partition("@")[0]
    Mailbox.objects.create(
        username=address, password=stored, domain=domain, local_part=local_part, **more
    )


def move(old: str, new: str) -> Comparison:
    return Comparison(parse_host(old), parse_host(new))


ROWS = {
    "cram": f"{{CRAM-MD5}}{CRAM}",
    "empty": "",
    "md5": MD5,
    "nope": "{NOPE}geheim",
    "sha": f"{{SHA512-CRYPT}}{SHA512_CRYPT}",
    "six": SHA512_CRYPT,
}


@pytest.fixture
def rows(tables: None) -> None:
    for local_part, stored in ROWS.items():
        add(f"{local_part}@example.org", stored)


@pytest.fixture
def on_mysql(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that can be exported for both variants; the tables stay where they are."""
    settings.MAIL_LOOKUP_PASSWORD = "secret of look-ups"
    settings.MAIL_AUTH_PASSWORD = "secret of sign-ins"
    whole = {"ENGINE": "django.db.backends.mysql", "NAME": "mail", "HOST": "", "PORT": ""}
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["mail"] | whole)


def found(move: Comparison) -> dict[str, str]:
    return {
        finding.address.partition("@")[
            0
        ]: f"{finding.problem.reason.value}{' already' * finding.already}"
        for finding in incompatible_mailboxes(move.old, move.new)
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "v2/debian12",
            "v2/debian13",
            {
                "empty": "empty already",
                "md5": "weak",
                "nope": "unknown already",
                "sha": "plain only already",
                "six": "plain only already",
            },
        ),
        (
            "v2/debian12/SHA512-CRYPT",
            "v2/debian12/CRAM-MD5",
            {
                "empty": "empty already",
                "md5": "plain only",
                "nope": "unknown already",
                "sha": "plain only",
                "six": "plain only",
            },
        ),
        (
            "v1/debian12/MD5",
            "v2/debian12/SHA512-CRYPT",
            {"empty": "empty already", "nope": "unknown already"},
        ),
        (
            "v2/debian12/CRAM-MD5",
            "v1/debian13/MD5",
            {
                "cram": "not for PAM",
                "empty": "empty already",
                "nope": "unknown already",
                "sha": "not for PAM",
                "six": "not for PAM",
            },
        ),
        (
            "v1/debian12/MD5",
            "v1/debian12/SHA512-CRYPT",
            {
                "cram": "not for PAM already",
                "empty": "empty already",
                "md5": "not for PAM",
                "nope": "unknown already",
                "sha": "not for PAM already",
            },
        ),
    ],
)
def test_each_mailbox_in_trouble_is_found_and_whether_it_was_before(
    rows: None, old: str, new: str, expected: dict[str, str]
) -> None:
    assert found(move(old, new)) == expected


def test_weak_schemes_that_are_allowed_are_counted_and_lock_nobody_out(
    rows: None, settings: Settings
) -> None:
    settings.MAIL_ALLOW_WEAK_SCHEMES = True
    assert found(move("debian12", "debian13"))["md5"] == "tolerated"
    report = move("debian12", "debian13").report
    assert [group.count for group in report.tolerated] == [1]
    assert not [group for group in report.locked_out if "PLAIN-MD5" in group.text]


def test_only_those_who_may_sign_in_at_all_are_looked_at(rows: None) -> None:
    add("off@example.org", "", active=False)
    add("off@example.com", "")
    Domain.objects.filter(pk="example.com").update(active=False)
    Mailbox.objects.create(username="lost@example.net", password="", domain_id="example.net")
    here = move("debian12", "debian12")
    assert here.report.mailboxes == len(ROWS)
    assert [address for address, _ in stored_passwords()] == [
        f"{name}@example.org" for name in ROWS
    ]


def test_every_row_is_seen_once_however_they_are_sliced(
    rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 5, 6, 7):
        monkeypatch.setattr("mailboxes.export.compatibility.BATCH", size)
        assert len(list(stored_passwords())) == len(set(stored_passwords())) == len(ROWS)


def test_the_report_keeps_numbers_and_the_first_addresses(tables: None) -> None:
    for number in range(MAX_ADDRESSES + 2):
        add(f"u{number:02}@example.org", MD5)
    add("bob@example.org", "")
    report = move("debian12", "debian13").report
    weak, empty = report.locked_out
    assert (weak.count, weak.already, weak.others, len(weak.addresses)) == (22, 0, 2, MAX_ADDRESSES)
    assert weak.addresses[0] == "u00@example.org" and empty.already == 1
    assert "PLAIN-MD5" in weak.text and report.weak_count == 22 and not report.plain_only


# --- The verdict, what people notice, and what to do


def test_the_verdict_counts(tables: None) -> None:
    upgrade = ("debian12", "debian13")
    assert move(*upgrade).verdict() == "There are no active mailboxes."
    add("anna@example.org", ROWS["cram"])
    assert move(*upgrade).verdict() == "The only active mailbox can sign in."
    add("bob@example.org", MD5)
    assert move(*upgrade).verdict() == "1 of 2 active mailboxes can't sign in."
    add("carl@example.org", "")
    assert "(1 of them can't sign in on the old host either.)" in move(*upgrade).verdict()
    assert "old host" not in move("debian13", "debian13").verdict()


@pytest.mark.parametrize(
    ("old", "new", "said", "unsaid"),
    [
        ("v2/debian12", "v2/debian13", "10-auth.conf", "no longer offered"),
        ("v2/debian12", "v2/debian13", "your own files", "be downgraded"),
        ("v2/debian13", "v2/debian12", "be downgraded", "10-auth.conf"),
        ("v1/debian12", "v1/debian13", "/etc/default/saslauthd", "Dovecot"),
        ("v2/CRAM-MD5", "v2/ARGON2ID", "CRAM-MD5 is no longer offered", "Maildirs"),
        ("v2/ARGON2ID", "v2/SCRAM-SHA-256", "SCRAM-SHA-256 is now offered", "no longer"),
        ("v2/ARGON2ID", "v2/BLF-CRYPT", "stored as BLF-CRYPT", "offered"),
        ("v2", "v1", "no IMAP server", "port 993"),
        ("v2/debian12", "v1/debian12", "dovecot stays installed", "saslauthd"),
        ("v1/debian12", "v2/debian12", "saslauthd stays installed", "dovecot"),
        ("v1", "v2", "Quotas are enforced", "enforce quotas"),
        ("v2/debian12", "v1/debian13", "enforce quotas", "stays installed"),
    ],
)
def test_what_people_notice_is_said(
    tables: None, on_mysql: None, old: str, new: str, said: str, unsaid: str
) -> None:
    notes = " ".join(upgrade.notes(move(old, new)))
    assert said in notes and unsaid not in notes


V1_ON_13 = "/root/mailhost-v1-debian13-md5"
V2_ON_13 = "/root/mailhost-v2-debian13-cram-md5"


def typed(move: Comparison) -> list[str]:
    return [line for step in upgrade.steps(move) for line in step.commands or ("(a sentence)",)]


def test_an_upgrade_begins_with_the_passwords_and_stops_the_daemons(
    rows: None, on_mysql: None
) -> None:
    assert typed(move("v2/debian12", "v2/debian13")) == [
        "(a sentence)",
        "MAIL_ALLOW_WEAK_SCHEMES=true",
        "MAIL_RELEASE=debian13",
        f".venv/bin/python manage.py exportconfig --output {V2_ON_13}",
        "systemctl disable --now postfix dovecot",
        f"sh {V2_ON_13}/apply --dry-run",
        f"sh {V2_ON_13}/apply",
        "./deploy/run --setup",
        "systemctl restart mailadmin",
    ]


def test_an_upgrade_with_another_scheme_begins_with_the_passwords_too(
    rows: None, on_mysql: None
) -> None:
    assert typed(move("v2/debian12", "v2/debian13/ARGON2ID"))[:4] == [
        "(a sentence)",
        "MAIL_ALLOW_WEAK_SCHEMES=true",
        "MAIL_RELEASE=debian13",
        "MAIL_PASSWORD_SCHEME=ARGON2ID",
    ]


def test_another_variant_ends_with_the_passwords_and_the_old_daemon(
    rows: None, on_mysql: None
) -> None:
    assert typed(move("v2/debian13", "v1/debian13")) == [
        "MAIL_VARIANT=v1",
        "MAIL_PASSWORD_SCHEME=MD5",
        f".venv/bin/python manage.py exportconfig --output {V1_ON_13}",
        *grants(move("v2/debian13", "v1/debian13")),
        f"sh {V1_ON_13}/apply --dry-run",
        f"sh {V1_ON_13}/apply",
        "systemctl disable --now dovecot",
        "(a sentence)",
    ]


def grants(move: Comparison) -> list[str]:
    differs = any(change.path == "grants.sql" and change.diff for change in move.files)
    return [f"mariadb < {V1_ON_13}/grants.sql"] * differs


@pytest.mark.parametrize(
    ("old", "new", "warned"),
    [("v2", "v1", True), ("v1/MD5", "v1/SHA512-CRYPT", True), ("v2", "v2/ARGON2ID", False)],
)
def test_passwords_that_fit_one_host_only_are_warned_of(
    tables: None, on_mysql: None, old: str, new: str, warned: bool
) -> None:
    assert ("only work on the new host" in upgrade.steps(move(old, new))[0].text) is warned


def test_staying_where_one_is_takes_no_step_but_passwords(rows: None, on_mysql: None) -> None:
    here = move("v2/debian13", "v2/debian13")
    assert typed(here) == ["(a sentence)", "MAIL_ALLOW_WEAK_SCHEMES=true"]
    assert {change.status for change in here.files} == {"unchanged"} and not upgrade.notes(here)
    Mailbox.objects.all().delete()
    assert typed(move("v2/debian13", "v2/debian13")) == []


# --- The files


def test_files_are_new_gone_changed_or_the_same(tables: None, on_mysql: None) -> None:
    changes = {change.path: change for change in move("v2/debian12", "v1/debian12").files}
    dovecot, pam = changes["/etc/dovecot/conf.d/99-mailadmin.conf"], changes["/etc/pam.d/smtp"]
    assert (dovecot.status, pam.status) == ("removed", "new")
    assert changes["/etc/postfix/mailadmin/domains.cf"].status == "unchanged"
    assert changes["postfix/main.cf"].status == "changed"
    assert not re.search(r"^\+", dovecot.diff, re.M) and not re.search("^-", pam.diff, re.M)
    assert "+smtpd_sasl_type = cyrus\n" in changes["postfix/main.cf"].diff
    landing = [path.startswith("/etc/") for path in changes]
    assert landing == sorted(landing, reverse=True) and "apply" not in changes


def test_no_secret_stands_in_a_diff(tables: None, on_mysql: None) -> None:
    for old, new in (("v1", "v2"), ("v2", "v1"), ("v2/debian12", "v2/debian13")):
        diffs = "".join(change.diff for change in move(old, new).files)
        assert "********" in diffs and "secret" not in diffs


# --- The command


def compare(*arguments: str) -> str:
    out = StringIO()
    call_command("exportconfig", "--compare", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_all_and_no_stored_form(rows: None, on_mysql: None) -> None:
    said = compare("v2/debian12", "--variant", "v2", "--release", "debian13")
    first, *rest = said.split("\n\n")
    assert first == "From V2, Debian 12 (bookworm), CRAM-MD5 to V2, Debian 13 (trixie), CRAM-MD5"
    assert "3 of 6 active mailboxes can't sign in." in rest[0]
    assert (
        "\nmd5@example.org: stored as PLAIN-MD5, which Dovecot on Debian 13 (trixie) rejects as "
        "weak\nnope@example.org: stored in a form that is damaged, unsupported or too expensive to "
        "check (on the old host as well)\n"
        "sha@example.org: stored as SHA512-CRYPT, which only supports PLAIN and LOGIN" in said
    )
    assert "\n/etc/dovecot/conf.d/99-mailadmin.conf (changed)\n\n@@" in said
    assert "\n3. Set this in .env and restart the panel:\n     MAIL_RELEASE=debian13\n" in said
    for hidden in (*filter(None, ROWS.values()), MD5, CRAM, "geheim", "secret of"):
        assert hidden not in said


def test_the_command_names_every_mailbox(tables: None, mail_file: None) -> None:
    for number in range(MAX_ADDRESSES * 2):
        add(f"u{number}@example.org", MD5)
    assert compare("debian12").count("@example.org: ") == MAX_ADDRESSES * 2


def test_the_command_of_the_page_prints_what_the_page_says(rows: None, on_mysql: None) -> None:
    shown = move("v2/debian12/ARGON2ID", "v1/debian13/SHA512-CRYPT")
    assert compare(*shown.command.split("--compare ")[1].split()).startswith(shown.title)


# --- The page


def test_the_page_tells_all_in_order(rita: Client, rows: None, on_mysql: None) -> None:
    page = unescape(rita.get(URL).content.decode())
    parts = (
        'value="v2/debian12/CRAM-MD5" selected',
        'value="v2/debian13/CRAM-MD5" selected',
        "3 of 6 active mailboxes can't sign in.",
        "Unable to sign in",
        "stored as PLAIN-MD5, which Dovecot on Debian 13",
        'href="/admin/mailboxes/mailbox/md5_40example.org/change/"',
        "Able to sign in with PLAIN and LOGIN only",
        "Other effects",
        'id="steps">Steps',
        "MAIL_ALLOW_WEAK_SCHEMES=true",
        'id="files">Files',
        "-# Dovecot 2.3",
    )
    assert sorted(parts, key=page.index) == list(parts)
    for hidden in (*filter(None, ROWS.values()), MD5, CRAM, "geheim", "secret of"):
        assert hidden not in page


def test_the_page_goes_both_ways(rita: Client, rows: None, on_mysql: None) -> None:
    there = rita.get(URL, {"from": "v2/debian12/CRAM-MD5", "to": "v1/debian12/MD5"})
    back = rita.get(URL, {"from": "v1/debian12", "to": "v2/debian12"})
    assert "pam_mysql only reads hashes written by MySQL&#x27;s MD5()" in there.content.decode()
    assert "pam_mysql" not in back.content.decode().partition('id="files"')[0]
    commands = re.findall(r"<pre class=\"code\">(.*?)</pre>", there.content.decode())
    assert "MAIL_VARIANT=v1" in commands and "MAIL_PASSWORD_SCHEME=MD5" in commands
    assert 'value="v2/debian12/CRAM-MD5" selected' in back.content.decode()


def test_what_cannot_be_compared_is_said_beside_the_choice(
    rita: Client, mail_file: None, settings: Settings
) -> None:
    for query, sentence in (
        ({"to": "v1/debian12/MD5"}, "needs MySQL or MariaDB"),
        ({"from": "<b>"}, "“<b>” doesn't describe a host"),
    ):
        page = unescape(rita.get(URL, query).content.decode())
        assert sentence in page and 'role="alert"' in page and "<select" in page
    settings.MAIL_VARIANT = "v9"
    assert "MAIL_VARIANT is “v9”" in rita.get(URL).content.decode()


@pytest.mark.parametrize(
    ("to", "tone", "sentence"),
    [
        ("v2/debian13", "bad", "3 of 6 active mailboxes can't sign in. (2 of"),
        ("v2/debian12", "bad", "2 of 6 active mailboxes can't sign in."),
        ("v2/debian12/ARGON2ID", "good", "The only active mailbox can sign in."),
        ("v2/debian12/SCRAM-SHA-256", "warn", "The only active mailbox can sign in."),
    ],
)
def test_the_verdict_has_its_tone(
    rita: Client, rows: None, on_mysql: None, to: str, tone: str, sentence: str
) -> None:
    if tone != "bad":
        Mailbox.objects.exclude(local_part="sha").delete()
    page = unescape(rita.get(URL, {"from": "v2/debian12", "to": to}).content.decode())
    notice = re.search(r'<div class="notice (\w+)">.*?<strong>(.*?)</strong>', page, re.S)
    assert notice and notice[1] == tone and notice[2].startswith(sentence)


def test_each_file_says_what_becomes_of_it_and_shows_its_lines(
    rita: Client, rows: None, on_mysql: None
) -> None:
    page = rita.get(URL, {"from": "v2/debian12", "to": "v1/debian12"}).content.decode()
    for change in move("v2/debian12", "v1/debian12").files:
        path = f"{re.escape(change.path)}(</strong>)? <"
        item = next(item for item in page.split("<li>") if re.search(path, item))
        assert f"</svg> {change.status_text}</span>" in item
        found = re.search(r"<pre [^>]*>(.*?)</pre>", item, re.S)
        assert (unescape(re.sub("<[^>]*>", "", found[1])) if found else "") == change.diff
    assert '<span class="gd">-driver = mysql</span>' in page
    assert '<span class="gi">+smtpd_sasl_type = cyrus</span>' in page


def test_the_page_counts_those_that_it_does_not_name(rita: Client, mail_file: None) -> None:
    for number in range(MAX_ADDRESSES + 1):
        add(f"u{number:02}@example.org", MD5)
    assert "and one more" in rita.get(URL).content.decode()
    add("u99@example.org", MD5)
    assert "and 2 more" in rita.get(URL).content.decode()


def test_the_page_is_for_superusers_and_only_to_look_at(rita: Client, mail_file: None) -> None:
    assert "no-store" in rita.get(URL)["Cache-Control"]
    assert rita.post(URL).status_code == 405
    assert Client().get(URL).status_code == 302
    staff = Client()
    staff.force_login(User.objects.create_user("sam", is_staff=True))
    assert staff.get(URL).status_code == 403


def test_the_page_has_no_script_or_style_of_its_own(
    rita: Client, rows: None, on_mysql: None
) -> None:
    page = rita.get(URL).content.decode().partition('id="content"')[2]
    assert not re.search(r"<script|<style|<[^>]*\s(style|on\w+)=", page)
