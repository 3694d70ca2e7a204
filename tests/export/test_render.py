import hashlib
import io
import re
import shlex
import stat
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailboxes.conf import Account, DatabaseHost, MailDatabase, MailHost
from mailboxes.export import bundle, render
from mailboxes.export.bundle import BadExport, File
from mailboxes.variants import DEBIAN12, DEBIAN13, RELEASES, V1, V2, Release, Scheme, Variant

ROOT = Path(__file__).resolve().parent.parent.parent
LOOKUP, AUTH = "look-ups' secret", 'sign-ins" secret'
MYSQL = MailDatabase("mysql", "postfix", (DatabaseHost("127.0.0.1"),))
SQLITE = MailDatabase("sqlite", "/srv/mail admin/mail.sqlite3", ())
CHAINS = {"v1-mysql": (V1, MYSQL), "v2-mysql": (V2, MYSQL), "v2-sqlite": (V2, SQLITE)}


def mail_host(
    variant: Variant = V2,
    database: MailDatabase = MYSQL,
    release: Release = DEBIAN13,
    scheme: Scheme | None = None,
) -> MailHost:
    return MailHost(
        variant=variant,
        release=release,
        scheme=scheme or variant.default_scheme,
        weak_schemes=False,
        hostname="mail.example.org",
        database=database,
        lookup=Account("maillookup", LOOKUP),
        auth=Account("mailauth", AUTH),
        home="/var/vmail",
        uid=5000,
        gid=5001,
    )


HOSTS = {
    f"{release}-{chain}": mail_host(*CHAINS[chain], RELEASES[release])
    for release in RELEASES
    for chain in CHAINS
}
SCHEMES = [
    replace(host, scheme=scheme)
    for host in HOSTS.values()
    for scheme in host.variant.schemes.values()
]


def with_passwords(host: MailHost, password: str) -> MailHost:
    return replace(host, lookup=Account("maillookup", password), auth=Account("mailauth", password))


def reached_by(*hosts: DatabaseHost) -> MailDatabase:
    return replace(MYSQL, hosts=hosts)


def texts(host: MailHost) -> dict[str, str]:
    return {file.path: file.text for file in render.render_bundle(host)}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> MailHost:
    return HOSTS[request.param]


@pytest.fixture
def files(host: MailHost) -> list[File]:
    return render.render_bundle(host)


@pytest.mark.parametrize("host", SCHEMES)
def test_every_host_has_a_bundle(host: MailHost) -> None:
    files = render.render_bundle(host)
    paths = [file.path for file in files]
    assert paths == sorted(set(paths))
    assert {"README", "MANIFEST", "apply", "postfix/main.cf", "postfix/master.cf"} < set(paths)
    for file in files:
        assert file.text.endswith("\n") and not file.text.endswith("\n\n")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", file.text)
        assert not re.search(r"\{\{|\{%|%\}|\}\}|None|Unknown", file.text)


def digest() -> str:
    """Sum up the archives of all hosts."""
    archives = (bundle.pack(render.render_bundle(host), "bundle") for host in HOSTS.values())
    return hashlib.sha256(b"".join(archives)).hexdigest()


def test_equal_hosts_give_equal_bytes_in_any_process() -> None:
    code = "from tests.export.test_render import digest; print(digest())"
    other = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert other.strip() == digest()


def test_the_archive_holds_the_files_for_root_alone(files: list[File]) -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle.pack(files, "mailadmin-v2"))) as archive:
        members = archive.getmembers()
        contents = {
            member.name: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in members
            if member.isfile()
        }
    assert contents == {f"mailadmin-v2/{file.path}": file.text for file in files}
    assert members[0].name == "mailadmin-v2"
    assert {(member.uname, member.gname, member.uid, member.mtime) for member in members} == {
        ("root", "root", 0, 0)
    }
    for member in members:
        private = 0o700 if member.isdir() or member.name.endswith("/apply") else 0o600
        assert member.mode == private


@pytest.mark.parametrize("exists", [False, True], ids=["new", "empty"])
def test_the_folder_holds_the_files_for_its_owner_alone(
    files: list[File], tmp_path: Path, exists: bool
) -> None:
    folder = tmp_path / "bundle"
    if exists:
        folder.mkdir()
    bundle.write(files, folder)
    written = {path for path in folder.rglob("*") if path.is_file()}
    assert {str(path.relative_to(folder)): path.read_bytes().decode() for path in written} == {
        file.path: file.text for file in files
    }
    for path in [folder, *folder.rglob("*")]:
        private = 0o700 if path.is_dir() or path.name == "apply" else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == private
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_is_not_empty_is_left_alone(files: list[File], tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BadExport, match="not an empty folder"):
        bundle.write(files, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["file", "file/below", "missing/below", "link"])
def test_a_place_that_is_no_folder_is_refused(files: list[File], tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(BadExport, match=name):
        bundle.write(files, tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}


def test_nothing_is_left_of_a_bundle_that_cannot_be_written(tmp_path: Path) -> None:
    impossible = File("etc/" + "x" * 300, "root", "root", 0o600, False, "")
    with pytest.raises(BadExport, match="can't be written"):
        bundle.write([impossible], tmp_path / "bundle")
    assert not list(tmp_path.iterdir())


def test_only_files_that_say_so_hold_a_secret(host: MailHost, files: list[File]) -> None:
    host = with_passwords(host, "onlyinsecretfiles")
    for file in render.render_bundle(host):
        assert ("onlyinsecretfiles" in file.text) == file.secret
        assert not (file.secret and file.mode & 0o007)


@pytest.mark.parametrize("password", ["Zq9plain", "Zq9;x", "Zq9#x", 'Zq9"r\\x'])
def test_a_masked_bundle_is_the_same_without_the_secrets(host: MailHost, password: str) -> None:
    host = with_passwords(host, password)
    shown, real = render.render_bundle(host, masked=True), render.render_bundle(host)
    assert not [file.path for file in shown if "Zq9" in file.text]
    for mask, file in zip(shown, real, strict=True):
        assert replace(mask, text="") == replace(file, text="")
        assert (mask.text == file.text) != file.secret
        assert ("********" in mask.text) == file.secret
        assert len(mask.text.splitlines()) == len(file.text.splitlines())


def test_the_manifest_tells_apply_what_goes_where(files: list[File]) -> None:
    texts = {file.path: file.text for file in files}
    rows = [line.split() for line in texts["MANIFEST"].splitlines() if line[0] != "#"]
    assert rows == [
        [f.path, f.owner, f.group, f"{f.mode:04o}", "yes" if f.secret else "no"]
        for f in files
        if f.target
    ]
    assert all(file.target in ("", f"/{file.path}") for file in files)


def test_no_value_can_become_a_command_of_apply() -> None:
    evil = "/srv/$(touch evil)`id`'\"; $HOME/mail.sqlite3"
    script = texts(mail_host(V2, replace(SQLITE, name=evil)))["apply"]
    line = next(line for line in script.splitlines() if line.startswith("database="))
    word = line.removeprefix("database=$(readlink -m -- ").removesuffix(")")
    assert shlex.split(word) == [evil]


@pytest.mark.parametrize("variant", [V1, V2])
@pytest.mark.parametrize("name", ["'; DROP TABLE x; --", "a`b", "post fix", "pöst-fix.1"])
def test_the_name_of_the_database_is_quoted_everywhere(variant: Variant, name: str) -> None:
    grants = texts(mail_host(variant, replace(MYSQL, name=name)))["grants.sql"]
    quoted = name.replace("`", "``")
    assert grants.count(" ON ") == grants.count(f" ON `{quoted}`.")


def test_what_postfix_puts_into_a_query_is_always_quoted(files: list[File]) -> None:
    for file in files:
        if "/postfix/mailadmin/" in file.path:
            query = file.text.partition("\nquery = ")[2]
            assert "%" in query
            assert "%" not in re.sub(r"'[^']*'", "", query)


def test_what_dovecot_puts_into_a_query_is_always_quoted(host: MailHost) -> None:
    if host.variant is V2:
        queries = texts(host)["etc/dovecot/mailadmin-sql.conf.ext"].partition("query")[2]
        assert "%" not in re.sub(r"'[^']*'", "", queries)


TWO_PORTS = reached_by(DatabaseHost("a"), DatabaseHost("b", 3307))
REFUSED = [
    ("MAIL_VARIANT", mail_host(V1, SQLITE)),
    ("MAIL_DATABASE_URL", mail_host(V2, replace(SQLITE, name="var/mail.sqlite3"))),
    ("MAIL_DATABASE_URL", mail_host(V2, replace(SQLITE, name="/srv/mail\n.sqlite3"))),
    ("MAIL_DATABASE_URL", mail_host(V1, replace(MYSQL, name="a#b;c"))),
    ("MAIL_DATABASE_URL", mail_host(V2, replace(MYSQL, name="a\nb"))),
    ("MAIL_DB_HOSTS", mail_host(V2, reached_by())),
    ("MAIL_DB_HOSTS", mail_host(V2, TWO_PORTS, DEBIAN12)),
    ("MAIL_DB_HOSTS", mail_host(V1, reached_by(DatabaseHost("a b")))),
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
    ("MAIL_HOME", replace(mail_host(), home="/var/v mail")),
    ("MAIL_UID", replace(mail_host(), uid=-1)),
]


@pytest.mark.parametrize(("setting", "host"), REFUSED)
@pytest.mark.parametrize("masked", [False, True])
def test_what_cannot_work_is_refused_by_name(setting: str, host: MailHost, masked: bool) -> None:
    with pytest.raises(BadExport, match=rf"^{setting}\b.*\.$"):
        render.render_bundle(host, masked)


def test_an_sqlite_host_needs_no_accounts() -> None:
    host = replace(mail_host(V2, SQLITE), lookup=Account("", ""), auth=Account("", ""))
    assert "grants.sql" not in texts(host)


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


def test_names_that_an_argument_cannot_hold_go_into_pam_mysqls_file() -> None:
    host = mail_host(V1, replace(MYSQL, name="mail#1"))
    files = texts(replace(host, auth=Account("auth#1", "x")))
    own, line = files["etc/mailadmin-pam-mysql.conf"], files["etc/pam.d/smtp"]
    assert "users.database=mail#1" in own and "users.db_user=auth#1" in own
    assert "[db=" not in line and "[user=" not in line


@pytest.mark.parametrize("scheme", V1.schemes.values(), ids=V1.schemes)
def test_pam_mysql_reads_the_form_of_the_scheme(scheme: Scheme) -> None:
    lines = texts(mail_host(V1, scheme=scheme))["etc/pam.d/smtp"].splitlines()
    rules = [line for line in lines if line.startswith(("auth", "account"))]
    assert [line.split()[0] for line in rules] == ["auth", "account"]
    for line in rules:
        assert f" crypt={scheme.pam_crypt} " in line
        assert "mailbox.active = 1" in line and "domain.active = 1" in line
        assert "verbose" not in line


@pytest.mark.parametrize("scheme", V2.schemes.values(), ids=V2.schemes)
def test_dovecot_offers_what_the_scheme_can_serve(scheme: Scheme) -> None:
    conf = texts(mail_host(V2, scheme=scheme))["etc/dovecot/conf.d/99-mailadmin.conf"]
    offered = re.findall(r"^auth_mechanisms = (.*)$", conf, re.MULTILINE)
    assert offered == [" ".join(scheme.mechanisms).lower()]


@pytest.mark.parametrize(("weak", "said"), [(True, "yes"), (False, "no")])
def test_dovecot_24_takes_weak_schemes_when_told_to(weak: bool, said: str) -> None:
    files = texts(replace(mail_host(), weak_schemes=weak))
    conf = files["etc/dovecot/conf.d/99-mailadmin.conf"]
    assert re.findall(r"^auth_allow_weak_schemes = (\w+)$", conf, re.M) == [said]


def test_dovecot_24_gets_no_line_of_23_and_the_other_way_round() -> None:
    for host in HOSTS.values():
        if host.variant is V2:
            files = texts(host)
            dovecot = "".join(files[path] for path in files if path.startswith("etc/dovecot/"))
            settings = re.sub("^ *#.*", "", dovecot, flags=re.M)
            old = ("disable_plaintext_auth", "mail_location", "'%u'", "plugin {", "args =")
            new = ("auth_allow_cleartext", "mail_driver", "%{user}", "passdb sql {", "mail_path")
            wanted, unknown = (old, new) if host.release is DEBIAN12 else (new, old)
            assert all(name in settings for name in wanted)
            assert not [name for name in unknown if name in settings]


def test_each_release_has_what_its_services_need() -> None:
    v1 = "etc/systemd/system/saslauthd.service.d/mailadmin.conf"
    v2 = {"etc/dovecot/mailadmin-my.cnf", "etc/dovecot/mailadmin-usage.conf.ext"}
    for host in HOSTS.values():
        on_13 = host.release is DEBIAN13
        assert (v1 in texts(host)) == (host.variant is V1 and on_13)
        on_23 = host.variant is V2 and host.database is MYSQL and not on_13
        assert v2 & set(texts(host)) == (v2 if on_23 else set())


OF_23 = "etc/dovecot/mailadmin-my.cnf etc/dovecot/mailadmin-usage.conf.ext"


@pytest.mark.parametrize(
    ("host", "stale"),
    [
        (mail_host(V2, MYSQL, DEBIAN13), OF_23),
        (mail_host(V2, SQLITE, DEBIAN12), OF_23),
        (mail_host(V2, MYSQL, DEBIAN12), ""),
        (mail_host(V1, MYSQL, DEBIAN13), ""),
    ],
)
def test_apply_removes_only_our_own_files_of_an_earlier_bundle(host: MailHost, stale: str) -> None:
    assert f'\nstale="{stale}"\n' in texts(host)["apply"]


def test_a_file_for_which_a_release_has_no_template_is_not_left_out_silently() -> None:
    unknown = replace(DEBIAN13, name="debian99")
    with pytest.raises(BadExport, match="v2/debian99/etc/dovecot"):
        render.render_bundle(mail_host(release=unknown))


@pytest.mark.parametrize("value", ['a"b', "a\\b", "%{user}", "%%{user}", "%u %% %", "$SET:x #"])
def test_a_value_of_dovecot_24_is_read_back_as_it_was(value: str) -> None:
    files = texts(with_passwords(mail_host(), value))
    [written] = re.findall(r'mysql_password = "(.*)"', files["etc/dovecot/mailadmin-sql.conf.ext"])
    assert not re.search(r"(?<!%)%\{", written)
    assert re.sub(r"\\(.)", r"\1", written).replace("%%{", "%{") == value


def test_dovecot_24_knows_a_port_for_each_database_host() -> None:
    conf = texts(mail_host(V2, TWO_PORTS))["etc/dovecot/mailadmin-sql.conf.ext"]
    assert re.findall(r"host = (\w+)\n  port = (\d+)", conf) == [("a", "3306"), ("b", "3307")]


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_each_database_host_is_asked_in_its_turn(release: Release) -> None:
    hosts = (DatabaseHost("db1", 3307), DatabaseHost("db2", 3307), DatabaseHost(socket="/run/my"))
    v1, v2 = (texts(mail_host(variant, reached_by(*hosts), release)) for variant in (V1, V2))
    rules = re.findall(r"^auth (\S+).* host=(\S+)", v1["etc/pam.d/smtp"], re.MULTILINE)
    assert [host for _, host in rules] == ["db1:3307", "db2:3307", "/run/my"]
    assert [control for control, _ in rules] == ["[success=done", "[success=done", "required"]
    asked = re.findall(r"\bhost ?= ?(\S+)", v2["etc/dovecot/mailadmin-sql.conf.ext"])
    assert asked == ["db1", "db2", "/run/my"]
    for texts_of in (v1, v2):
        hosts_line = "hosts = inet:db1:3307 inet:db2:3307 unix:/run/my\n"
        assert hosts_line in texts_of["etc/postfix/mailadmin/domains.cf"]


@pytest.mark.parametrize(
    ("hosts", "places"),
    [
        ([DatabaseHost("127.0.0.1")], {"localhost", "127.0.0.1", "::1"}),
        ([DatabaseHost(socket="/run/my")], {"localhost", "127.0.0.1", "::1"}),
        ([DatabaseHost("db1"), DatabaseHost("127.0.0.1")], {"%"}),
    ],
)
@pytest.mark.parametrize("variant", [V1, V2])
def test_the_accounts_are_for_the_places_that_sign_in(
    variant: Variant, hosts: list[DatabaseHost], places: set[str]
) -> None:
    grants = texts(mail_host(variant, reached_by(*hosts)))["grants.sql"]
    assert set(re.findall(r"'@'(.*?)'", grants)) == places


def test_the_accounts_of_look_ups_never_see_a_password() -> None:
    grants = texts(mail_host())["grants.sql"].splitlines()
    lookups = [line for line in grants if line.startswith("GRANT") and "'maillookup'" in line]
    sign_ins = [line for line in grants if line.startswith("GRANT") and "'mailauth'" in line]
    assert lookups and not [line for line in lookups if "password" in line]
    assert [line for line in sign_ins if "password" in line]
    assert all(line.startswith("GRANT SELECT (") for line in lookups)


def tables_written(host: MailHost) -> set[str]:
    """Return the tables that an account of the mail host may change."""
    grants = texts(host)["grants.sql"]
    written = re.findall(r"^GRANT (?!SELECT \()(.*) ON `postfix`\.(\w+) TO '(\w+)'", grants, re.M)
    assert {(rights, account) for rights, _, account in written} <= {
        ("SELECT, INSERT, UPDATE", "mailauth")
    }
    return {table for _, table, _ in written}


def test_dovecot_writes_into_two_tables_and_on_mysql_only(host: MailHost) -> None:
    dovecot = "".join(text for path, text in texts(host).items() if "/dovecot/" in path)
    if host.variant is V2 and host.database is MYSQL:
        assert tables_written(host) == {"quota2", "last_login"}
        assert re.findall(r"table = (\w+)", dovecot) == ["quota2", "quota2", "last_login"]
    else:
        assert host.database is SQLITE or not tables_written(host)
        assert not re.search("quota_clone|last_login|quota2", dovecot)


def test_only_port_587_takes_passwords(host: MailHost) -> None:
    files = texts(host)
    assert "\nsmtpd_sasl_auth_enable = no\n" in files["postfix/main.cf"]
    assert "\n  -o smtpd_sasl_auth_enable=yes\n" in files["postfix/master.cf"]
    assert "permit_mynetworks" not in re.sub(r"^#.*", "", files["postfix/main.cf"], flags=re.M)


def test_the_read_me_says_what_an_administrator_must_know(host: MailHost) -> None:
    read_me = " ".join(texts(host)["README"].split())
    assert host.scheme.weakness in read_me
    assert ("quota is not enforced" in read_me) == (host.variant is V1)
    assert ("could read the stored passwords" in read_me) == (host.database is SQLITE)
    assert ("grants.sql" in read_me) == (host.database is MYSQL)
    assert ("testsaslauthd" in read_me) == (host.variant is V1)


def test_a_strong_scheme_gets_no_warning() -> None:
    strong = texts(mail_host(V2, scheme=V2.schemes["ARGON2ID"]))
    assert "is weak" not in strong["README"]


def test_a_name_that_a_template_does_not_know_never_reaches_a_file() -> None:
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
