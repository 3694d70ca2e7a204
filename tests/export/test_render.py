"""The files of every host: secrets are marked, values quoted, unusable ones refused."""

import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailboxes.conf import Account, DatabaseHost, MailHost
from mailboxes.export import render
from mailboxes.export.bundle import BadExport, File
from mailboxes.variants import DEBIAN12, DEBIAN13, V1, V2
from tests.export.conftest import (
    HOSTS,
    MYSQL,
    SQLITE,
    TWO_PORTS,
    mail_host,
    reached_by,
    texts,
    with_passwords,
)

SCHEMES = [
    replace(host, scheme=scheme)
    for host in HOSTS.values()
    for scheme in host.variant.schemes.values()
]


@pytest.mark.parametrize("host", SCHEMES)
def test_every_host_has_a_bundle(host: MailHost) -> None:
    files = render.render_bundle(host)
    paths = [file.path for file in files]
    assert paths == sorted(set(paths))
    assert {"README", "MANIFEST", "apply", "postfix/main.cf", "postfix/master.cf"} < set(paths)
    for file in files:
        assert file.text.endswith("\n") and not file.text.endswith("\n\n")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", file.text)
        assert not re.search(r"\{\{|\{%|%\}|\}\}|None|Unknown(?! option)", file.text)


def test_apply_warns_of_a_name_that_is_reserved_for_tests(host: MailHost) -> None:
    for name, is_warned in {"mail.example.test": True, "mail.example.dev": False}.items():
        apply = texts(replace(host, hostname=name))["apply"]
        assert ("ending in .test are reserved" in apply) == is_warned


def test_only_files_marked_as_secret_contain_secrets(host: MailHost, files: list[File]) -> None:
    host = with_passwords(host, "onlyinsecretfiles")
    for file in render.render_bundle(host):
        assert ("onlyinsecretfiles" in file.text) == file.secret
        assert not (file.secret and file.mode & 0o007)


@pytest.mark.parametrize("password", ["Zq9plain", "Zq9;x", "Zq9#x", 'Zq9"r\\x'])
def test_a_masked_bundle_only_differs_in_the_secrets(host: MailHost, password: str) -> None:
    host = with_passwords(host, password)
    shown, real = render.render_bundle(host, masked=True), render.render_bundle(host)
    assert not [file.path for file in shown if "Zq9" in file.text]
    for mask, file in zip(shown, real, strict=True):
        assert replace(mask, text="") == replace(file, text="")
        assert (mask.text == file.text) != file.secret
        assert ("********" in mask.text) == file.secret
        assert len(mask.text.splitlines()) == len(file.text.splitlines())


def test_the_manifest_lists_every_file_for_apply(files: list[File]) -> None:
    texts = {file.path: file.text for file in files}
    rows = [line.split() for line in texts["MANIFEST"].splitlines() if line[0] != "#"]
    assert rows == [
        [f.path, f.owner, f.group, f"{f.mode:04o}", "yes" if f.secret else "no"]
        for f in files
        if f.target
    ]
    assert all(file.target in ("", f"/{file.path}") for file in files)


@pytest.mark.finding("config-injection")
def test_no_value_can_inject_a_command_into_apply() -> None:
    evil = "/srv/$(touch evil)`id`'\"; $HOME/mail.sqlite3"
    script = texts(mail_host(V2, replace(SQLITE, name=evil)))["apply"]
    line = next(line for line in script.splitlines() if line.startswith("database="))
    word = line.removeprefix("database=$(readlink -m -- ").removesuffix(")")
    assert shlex.split(word) == [evil]


def test_query_parameters_of_postfix_are_always_quoted(files: list[File]) -> None:
    for file in files:
        if "/postfix/mailadmin/" in file.path:
            query = file.text.partition("\nquery = ")[2]
            assert "%" in query
            assert "%" not in re.sub(r"'[^']*'", "", query)


ON_SOCKET = reached_by(DatabaseHost(socket="/run/mysqld/mysqld.sock"))
REFUSED = [
    ("MAIL_VARIANT", mail_host(V1, SQLITE)),
    ("MAIL_DATABASE_URL", mail_host(V2, replace(SQLITE, name="var/mail.sqlite3"))),
    ("MAIL_DATABASE_URL", mail_host(V2, replace(SQLITE, name="/srv/mail\n.sqlite3"))),
    ("MAIL_DATABASE_URL", mail_host(V1, replace(MYSQL, name="a#b;c"))),
    ("MAIL_DATABASE_URL", mail_host(V2, replace(MYSQL, name="a\nb"))),
    ("MAIL_DB_HOSTS", mail_host(V2, reached_by())),
    ("MAIL_DB_HOSTS", mail_host(V2, TWO_PORTS, DEBIAN12)),
    ("MAIL_DB_HOSTS", mail_host(V1, reached_by(DatabaseHost("a b")))),
    ("MAIL_DB_HOSTS", mail_host(V1, reached_by(DatabaseHost("::1")))),
    ("MAIL_DB_HOSTS", mail_host(V2, reached_by(DatabaseHost("::1\n")))),
    ("MAIL_DB_TLS", mail_host(V1, replace(MYSQL, authority="/etc/ca.pem"))),
    ("MAIL_DB_TLS", mail_host(V2, replace(ON_SOCKET, authority="/etc/ca.pem"))),
    ("MAIL_DB_HOSTS", mail_host(V2, replace(TWO_PORTS, authority="/etc/ca.pem"))),
    ("MAIL_DB_HOSTS", mail_host(V2, reached_by(*ON_SOCKET.hosts, *MYSQL.hosts))),
    ("MAIL_DB_HOSTS", mail_host(V2, reached_by(DatabaseHost(socket="/run/my sql")))),
    ("MAIL_LOOKUP_USER", replace(mail_host(), lookup=Account("", "x"))),
    ("MAIL_LOOKUP_USER", replace(mail_host(), lookup=Account("mailauth", "x"))),
    ("MAIL_LOOKUP_USER", replace(mail_host(), lookup=Account("a\nb", "x"))),
    ("MAIL_LOOKUP_PASSWORD", replace(mail_host(), lookup=Account("a", ""))),
    ("MAIL_LOOKUP_PASSWORD", replace(mail_host(), lookup=Account("a", " x"))),
    ("MAIL_LOOKUP_PASSWORD", replace(mail_host(), lookup=Account("a", "x "))),
    ("MAIL_LOOKUP_PASSWORD", replace(mail_host(V1), lookup=Account("a", "x\ny"))),
    ("MAIL_AUTH_USER", replace(mail_host(), auth=Account("", "x"))),
    ("MAIL_AUTH_USER", replace(mail_host(V1), auth=Account("a#;", "x"))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(), auth=Account("a", ""))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(), auth=Account("a", "x\ny"))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(), auth=Account("a", "x\0"))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(V1), auth=Account("a", "x#;"))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(V1), auth=Account("a", " x#"))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(V1), auth=Account("a", ";x\\"))),
    ("MAIL_AUTH_PASSWORD", replace(mail_host(V1), auth=Account("u" * 300, ";" + "x" * 500))),
    ("MAIL_HOSTNAME", replace(mail_host(), hostname="a\nb")),
    ("MAIL_RECIPIENT_DELIMITER", replace(mail_host(), delimiter="$x")),
    ("MAIL_HOME", replace(mail_host(), home="/var/v mail")),
    ("MAIL_UID", replace(mail_host(), uid=-1)),
]


@pytest.mark.parametrize(("setting", "host"), REFUSED)
@pytest.mark.parametrize("masked", [False, True])
def test_an_unusable_setting_is_refused_by_name(setting: str, host: MailHost, masked: bool) -> None:
    with pytest.raises(BadExport, match=rf"^{setting}\b.*\.$"):
        render.render_bundle(host, masked)


def test_an_sqlite_host_needs_no_accounts() -> None:
    host = replace(mail_host(V2, SQLITE), lookup=Account("", ""), auth=Account("", ""))
    assert "grants.sql" not in texts(host)


def test_each_release_has_the_files_that_its_services_need() -> None:
    v1 = "etc/systemd/system/saslauthd.service.d/mailadmin.conf"
    v2 = {"etc/dovecot/mailadmin-my.cnf", "etc/dovecot/mailadmin-usage.conf.ext"}
    for host in HOSTS.values():
        on_13 = host.release is DEBIAN13
        assert (v1 in texts(host)) == (host.variant is V1 and on_13)
        on_23 = host.variant is V2 and host.database is MYSQL and not on_13
        assert v2 & set(texts(host)) == (v2 if on_23 else set())


LIVE = "/etc/letsencrypt/live/mail.example.test"
CONF_D = "etc/dovecot/conf.d/"
HOOK = "etc/letsencrypt/renewal-hooks/deploy/mailadmin"
PROXY = "etc/haproxy/conf.d/mailadmin.cfg"
OF_24 = "etc/dovecot/mailadmin-connect.conf.ext"
OF_23 = "etc/dovecot/mailadmin-my.cnf etc/dovecot/mailadmin-usage.conf.ext"
KEPT_23 = "etc/dovecot/mailadmin-domains.conf.ext"


@pytest.mark.parametrize(
    ("host", "stale"),
    [
        (mail_host(V2, MYSQL, DEBIAN13), f"{HOOK} {PROXY} {KEPT_23} {OF_23}"),
        (mail_host(V2, TWO_PORTS, DEBIAN13), f"{HOOK} {KEPT_23} {OF_23}"),
        (mail_host(V2, SQLITE, DEBIAN12), f"{HOOK} {PROXY} {OF_24} {OF_23}"),
        (mail_host(V2, MYSQL, DEBIAN12), f"{HOOK} {PROXY} {OF_24}"),
        (mail_host(V1, MYSQL, DEBIAN13), HOOK),
    ],
)
def test_apply_removes_only_our_own_files_of_an_earlier_bundle(host: MailHost, stale: str) -> None:
    assert f'\nstale="{stale}"\n' in texts(host)["apply"]


def test_a_missing_template_is_an_error() -> None:
    unknown = replace(DEBIAN13, name="debian99")
    with pytest.raises(BadExport, match="v2/debian99/etc/dovecot"):
        render.render_bundle(mail_host(release=unknown))


def test_database_hosts_are_tried_in_order() -> None:
    hosts = (DatabaseHost("db1", 3307), DatabaseHost("db2", 3307), DatabaseHost(socket="/run/my"))
    v1, v2 = (texts(mail_host(variant, reached_by(*hosts), DEBIAN12)) for variant in (V1, V2))
    rules = re.findall(r"^auth (\S+).* host=(\S+)", v1["etc/pam.d/smtp"], re.MULTILINE)
    assert [host for _, host in rules] == ["db1:3307", "db2:3307", "/run/my"]
    assert [control for control, _ in rules] == ["[success=done", "[success=done", "required"]
    asked = re.findall(r"\bhost ?= ?(\S+)", v2["etc/dovecot/mailadmin-sql.conf.ext"])
    assert asked == ["db1", "db2", "/run/my"]
    for texts_of in (v1, v2):
        hosts_line = "hosts = inet:db1:3307 inet:db2:3307 unix:/run/my\n"
        assert hosts_line in texts_of["etc/postfix/mailadmin/domains.cf"]


def test_passwords_are_accepted_on_ports_587_and_465_by_the_same_rules(host: MailHost) -> None:
    files = texts(host)
    assert "\nsmtpd_sasl_auth_enable = no\n" in files["postfix/main.cf"]
    _, *services = re.split(r"^(?=\w)", files["postfix/master.cf"], flags=re.M)
    with_starttls, with_tls = [re.findall("-o (.+)", service) for service in services]
    differing = ["syslog_name=postfix/submission", "smtpd_tls_security_level=encrypt"]
    assert with_starttls[:2] == differing and "smtpd_sasl_auth_enable=yes" in with_starttls
    assert with_tls[:2] == ["syslog_name=postfix/submissions", "smtpd_tls_wrappermode=yes"]
    assert with_tls[2:] == with_starttls[2:]
    assert "permit_mynetworks" not in re.sub(r"^#.*", "", files["postfix/main.cf"], flags=re.M)


@pytest.mark.parametrize(
    ("delimiter", "line"),
    [
        ("+", "# user+box@domain goes to user@domain, without"),
        ("-+", "# user-box@domain goes to user@domain, without"),
        ("", "# user+box@domain is an address of its own"),
    ],
)
def test_the_delimiter_is_for_postfix_alone(host: MailHost, delimiter: str, line: str) -> None:
    files = texts(replace(host, delimiter=delimiter))
    assert line in files["postfix/main.cf"]
    assert f"\nrecipient_delimiter ={f' {delimiter}'.rstrip()}\n" in files["postfix/main.cf"]
    for path, text in files.items():
        if path.startswith(CONF_D):
            assert "executable = lmtp -o recipient_delimiter=\n" in text
            assert "executable = quota-status -o recipient_delimiter= -p postfix\n" in text


@pytest.mark.parametrize("folder", [LIVE, "/etc/ssl/own"])
def test_a_certificate_is_set_for_each_daemon(host: MailHost, folder: str) -> None:
    cert, key = f"{folder}/fullchain.pem", f"{folder}/privkey.pem"
    files = texts(replace(host, certificate=cert, certificate_key=key))
    assert (
        f"\nsmtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {key}\n" in files["postfix/main.cf"]
    )
    dovecot = "\n".join(text for path, text in files.items() if path.startswith(CONF_D))
    assert dovecot.count(cert) == dovecot.count(key) == (host.variant is V2)
    assert (HOOK in files) == (folder == LIVE)
    assert ("doveadm reload" in files.get(HOOK, files["README"])) == (host.variant is V2)


def test_without_a_certificate_the_daemons_keep_theirs(host: MailHost) -> None:
    files = texts(host)
    assert "\nsmtpd_tls_cert_file" not in files["postfix/main.cf"] and HOOK not in files


def test_the_readme_describes_the_host(host: MailHost) -> None:
    read_me = " ".join(texts(host)["README"].split())
    assert host.scheme.weakness in read_me
    assert ("Quotas are not enforced" in read_me) == (host.variant is V1)
    assert ("could also read the stored passwords" in read_me) == (host.database is SQLITE)
    assert ("grants.sql" in read_me) == (host.database is MYSQL)
    assert ("testsaslauthd" in read_me) == (host.variant is V1)


def test_a_strong_scheme_gets_no_warning() -> None:
    strong = texts(mail_host(V2, scheme=V2.schemes["ARGON2ID"]))
    assert "is weak" not in strong["README"]


def test_an_undefined_template_variable_is_an_error() -> None:
    with pytest.raises(BadExport, match="unknown"):
        render.render_template("common/postfix/main.cf", {})


@settings(max_examples=15)
@given(password=st.text(st.sampled_from("#;\\[]\"'`$%{}<>&|= ab1ü☃\n"), min_size=1, max_size=12))
@pytest.mark.parametrize("host", [host for host in HOSTS.values() if host.database is MYSQL])
def test_any_password_is_written_or_refused_by_name(host: MailHost, password: str) -> None:
    ours = texts(host)
    host = with_passwords(host, password)
    try:
        files = texts(host)
    except BadExport as error:
        assert re.match("MAIL_(AUTH|LOOKUP)_PASSWORD ", str(error))
        return
    assert f"\npassword = {password}\n" in files["etc/postfix/mailadmin/domains.cf"]
    assert len(files["grants.sql"].splitlines()) == len(ours["grants.sql"].splitlines())
