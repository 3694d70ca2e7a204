"""pam_mysql gets each value in a place where it can read it."""

import re
from dataclasses import replace

import pytest

from mailboxes.conf import Account, MailHost
from mailboxes.variants import V1, Scheme
from tests.export.conftest import MYSQL, TWO_PORTS, mail_host, texts


@pytest.mark.parametrize(
    ("password", "in_file"),
    [
        ("plain", "users.db_passwd=plain"),
        ("a b#c\\", "users.db_passwd=a b#c\\"),
        ("trailing ", "users.db_passwd=trailing "),
        ("a;]b", ""),
        (" leading", ""),
    ],
)
def test_pam_mysql_gets_its_password_where_it_can_read_it(password: str, in_file: str) -> None:
    files = texts(replace(mail_host(V1), auth=Account("mailauth", password)))
    own, line = files["etc/mailadmin-pam-mysql.conf"], files["etc/pam.d/smtp"]
    written = password.replace("]", "\\]")
    assert (in_file in own.splitlines()) == bool(in_file)
    assert (f"[passwd={written}]" in line) != bool(in_file)
    assert ("users.db_passwd" in own) == bool(in_file)


def test_names_that_an_argument_cannot_express_are_written_to_pam_mysqls_file() -> None:
    host = mail_host(V1, replace(MYSQL, name="mail#1"))
    files = texts(replace(host, auth=Account("auth#1", "x")))
    own, line = files["etc/mailadmin-pam-mysql.conf"], files["etc/pam.d/smtp"]
    assert "users.database=mail#1" in own and "users.db_user=auth#1" in own
    assert "[db=" not in line and "[user=" not in line


@pytest.mark.parametrize("scheme", V1.schemes.values(), ids=V1.schemes)
def test_pam_mysql_is_configured_for_the_scheme(scheme: Scheme) -> None:
    lines = texts(mail_host(V1, scheme=scheme))["etc/pam.d/smtp"].splitlines()
    rules = [line for line in lines if line.startswith(("auth", "account"))]
    assert [line.split()[0] for line in rules] == ["auth", "account"]
    for line in rules:
        assert f" crypt={scheme.pam_crypt} " in line
        assert "mailbox.active = 1" in line and "domain.active = 1" in line
        assert "verbose" not in line


def rules(host: MailHost) -> list[tuple[str, str, str]]:
    """Return the control, host and scheme of each rule that checks passwords."""
    lines = texts(host)["etc/pam.d/smtp"].splitlines()
    found = [re.match(r"auth (\[.*?\]|\w+) .* host=(\S+) .* crypt=(\d)", line) for line in lines]
    return [(rule[1], rule[2], rule[3]) for rule in found if rule]


def test_md5_is_only_read_besides_sha512_crypt_while_weak_schemes_are_allowed() -> None:
    host = mail_host(V1, scheme=V1.schemes["SHA512-CRYPT"])
    assert rules(host) == [("required", "127.0.0.1:3306", "1")]
    first, last = rules(replace(host, weak_schemes=True))
    assert "auth_err=ignore" in first[0] and first[2] == "1"
    assert last == ("required", "127.0.0.1:3306", "3")
    assert len(rules(mail_host(V1))) == len(rules(replace(mail_host(V1), weak_schemes=True))) == 1


def test_only_a_wrong_password_leads_to_the_other_scheme_of_the_same_host() -> None:
    host = mail_host(V1, TWO_PORTS, scheme=V1.schemes["SHA512-CRYPT"])
    found = rules(replace(host, weak_schemes=True))
    assert [rule[1:] for rule in found] == [
        *(("a:3306", "1"), ("a:3306", "3"), ("b:3307", "1"), ("b:3307", "3"))
    ]
    for (control, _, crypt), is_last in zip(found, (False, False, False, True), strict=True):
        assert ("auth_err=ignore" in control) == (crypt == "1")
        assert (control == "required") == is_last
        assert is_last or ("authinfo_unavail=ignore" in control and "default=die" in control)
