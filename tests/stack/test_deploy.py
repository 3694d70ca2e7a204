"""deploy/ on its own machine with nginx and systemd's socket."""

import http.client
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests import debian_roots
from tests.machine import CHECKOUT, Machine, wait_until
from tests.mailhost import newest_release
from tests.production import FROM_HERE, SERVED, SITE, Visitor, install

pytestmark = pytest.mark.stack

UNITS = ["mailadmin.service", "mailadmin.socket"]
DOCTOR = ["mailadmin-doctor.service", "mailadmin-doctor.timer"]
NIGHTLY = ["mailadmin-backup", "mailadmin-cleanup", "mailadmin-figures"]
ATTEMPTS = (
    "/admin/login/",
    "/admin/login/code/",
    "/admin/confirm/",
    "/admin/password_change/",
    "/admin/auth/user/12/second-factor/",
)
"""The pages with a password or a code, besides that of owners."""
# Without a proxy, also after the panel was installed behind one.
DIRECT = ("PORT=8765", "BEHIND_PROXY=false", "ALLOWED_HOSTS=127.0.0.1")
DUMP = """\
import sqlite3
for name in ("panel", "mail"):
    print(*sqlite3.connect(f"/srv/mailadmin/var/{name}.sqlite3").iterdump(), sep="\\n")
"""


@pytest.fixture(scope="module", params=newest_release())
def served(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine with the checkout where the README puts it, and the service's account.

    The tests of the runbook install the panel on the other release.
    """
    root = debian_roots.get_root(request.param, request.config)
    with Machine(root) as machine:
        machine.run(
            ["adduser", "--system", "--group", "--no-create-home", "--home", SERVED, "mailadmin"]
        )
        machine.run(
            ["install", "-d", "-o", "mailadmin", "-g", "mailadmin", "-m", "750", SERVED / "var"]
        )
        yield machine


@pytest.fixture(scope="module")
def first_run(served: Machine) -> str:
    return served.run([SERVED / "deploy/run", "--setup"], env=FROM_HERE, timeout=600).stdout


def test_the_first_run_creates_secrets_databases_and_an_administrator(
    served: Machine, first_run: str
) -> None:
    assert re.search(r"^  username  admin\n  password  \S{20,}$", first_run, re.MULTILINE)
    for name, owner, mode in (
        (".env", "root", "640"),
        ("var", "mailadmin", "750"),
        ("var/panel.sqlite3", "mailadmin", "640"),
        ("var/mail.sqlite3", "mailadmin", "640"),
    ):
        assert served.run(["stat", "-c", "%U %a", SERVED / name]).stdout == f"{owner} {mode}\n", (
            name
        )
    env = (served / f"{SERVED}/.env").read_text()
    secrets = re.findall(
        r"^(?:SECRET_KEY|MAIL_\w+_PASSWORD)=([A-Za-z0-9]{32,})$", env, re.MULTILINE
    )
    assert len(set(secrets)) == 3
    assert not any(secret in first_run for secret in secrets)


def test_a_second_run_changes_nothing(served: Machine, first_run: str) -> None:
    def content() -> str:
        files = "find -L /srv/mailadmin/.env /srv/mailadmin/var/static -type f -print0 | sort -z"
        digests = served.run(["sh", "-c", f"{files} | xargs -0 sha256sum"]).stdout
        return digests + served.run(["python3", "-c", DUMP]).stdout

    before = content()
    again = served.run([SERVED / "deploy/run", "--setup"]).stdout
    assert content() == before
    assert again == first_run.splitlines(keepends=True)[-1]


def test_the_last_line_is_the_address_of_the_running_panel(served: Machine, first_run: str) -> None:
    log = served.log_of("run")
    served.start(
        "run",
        ["env", *DIRECT, SERVED / "deploy/run", "--demo"],
        lambda: "Ctrl+C" in log.read_text(),
    )
    last = log.read_text().splitlines()[-1]
    assert last == "The panel is at http://127.0.0.1:8765/admin/ (Ctrl+C stops it)."
    with served.network(), closing(http.client.HTTPConnection("127.0.0.1", 8765)) as visitor:
        visitor.request("GET", "/admin/login/", headers={"X-Forwarded-Proto": "https"})
        assert visitor.getresponse().status == 200
    refused = served.run(["env", *DIRECT, SERVED / "deploy/run"], check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Port 8765 cannot be used: Address already in use.")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("MAIL_VARIANT=v3", "MAIL_VARIANT is “v3”"),
        ("DEBUG=maybe", "DEBUG is “maybe”"),
        ("DATABASE_URL=mysql://u:geheim@127.0.0.1:9/x", "(DATABASE_URL) could not be prepared"),
        ("MAIL_DATABASE_URL=mysql://u:geheim@127.0.0.1:9/x", "The mail database (MAIL_DATABASE"),
    ],
)
def test_an_invalid_setting_stops_the_start_before_anything_listens(
    served: Machine, first_run: str, line: str, sentence: str
) -> None:
    wrong = Path("/run/wrong.env")
    text = (served / f"{SERVED}/.env").read_text()
    (served / str(wrong)).write_text(f"{text}\n{line}\n")
    (served / str(wrong)).chmod(0o644)
    done = served.run([SERVED / "deploy/run"], env={"ENV_FILE": str(wrong)}, check=False)
    assert done.returncode == 1 and sentence in done.stderr
    assert not re.search("geheim|Traceback|WARNINGS", done.stdout + done.stderr)
    assert "http" not in done.stdout


def test_tables_of_another_program_stop_the_start(served: Machine, first_run: str) -> None:
    foreign = "/run/foreign.sqlite3"
    create = f"import sqlite3; sqlite3.connect({foreign!r}).execute('CREATE TABLE alias (address)')"
    served.run(["python3", "-c", create])
    served.run(["chown", "mailadmin:mailadmin", foreign])
    before = (served / foreign).read_bytes()
    other = Path("/run/other.env")
    text = (served / f"{SERVED}/.env").read_text()
    (served / str(other)).write_text(f"{text}\nMAIL_DATABASE_URL=sqlite:///{foreign}\n")
    (served / str(other)).chmod(0o644)
    run: list[str | Path] = [SERVED / "deploy/run", "--setup"]
    done = served.run(run, env={"ENV_FILE": str(other)}, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "that the panel didn't create (alias)" in done.stderr
    assert ".venv/bin/python manage.py adopt\n" in done.stderr
    assert (served / foreign).read_bytes() == before


@pytest.fixture(scope="module")
def installed(served: Machine, first_run: str) -> str:
    """What the installation says to a user who has cloned with another umask, and has sudo."""
    served.run(["adduser", "--quiet", "--disabled-password", "--gecos", "", "eva"])
    (served / "etc/sudoers.d/eva").write_text("eva ALL=(ALL) NOPASSWD: ALL\n")
    for name in ("mailboxes", "deploy"):
        served.run(["chown", "-R", "eva:eva", SERVED / name])
        served.run(["chmod", "-R", "o=", SERVED / name])
    output = as_eva(served, f"sudo ./deploy/install-service --host {SITE}").stdout
    quieten(served)
    return output


def as_eva(served: Machine, command: str) -> CompletedProcess[str]:
    shell = ["su", "-", "eva", "-c", f"umask 027; cd {SERVED} && {command}"]
    return served.run(shell, check=False, timeout=300)


def install_quietly(served: Machine, *options: str) -> str:
    done = install(served, *options)
    quieten(served)
    return done.stdout


def quieten(served: Machine) -> None:
    """The doctor would examine the mail host, and store what it finds, in the middle of a test."""
    served.run(["systemctl", "disable", "--now", DOCTOR[1]])
    served.run(["systemctl", "stop", DOCTOR[0]])


@pytest.fixture(scope="module")
def visitor(served: Machine, installed: str) -> Visitor:
    """A client of the panel as served by the units and nginx."""
    return Visitor(served)


def test_the_installation_says_where_the_panel_is_and_what_is_left(
    served: Machine, installed: str
) -> None:
    assert f"\nThe panel runs: https://{SITE}/admin/\n" in installed
    assert f"certbot certonly --webroot -w /var/www/html -d {SITE}" in installed
    assert "now belongs to root" in installed
    unit, env = "/etc/systemd/system/mailadmin.service", SERVED / ".env"
    stated = served.run(["stat", "-c", "%U:%G %a", env, SERVED / "mailboxes/conf.py", unit]).stdout
    assert stated == "root:mailadmin 640\nroot:root 644\nroot:root 644\n"
    assert "change the password" in installed


@pytest.mark.parametrize("script", ["install-service", "upgrade"])
def test_sudo_is_asked_for(served: Machine, installed: str, script: str) -> None:
    """Root owns the clone by now."""
    done = as_eva(served, f"./deploy/{script}")
    assert (done.returncode, done.stderr) == (
        1,
        f"This must be run as root: sudo ./deploy/{script}\n",
    )


def test_a_second_installation_replaces_only_what_nobody_has_changed(
    served: Machine, installed: str
) -> None:
    site, env = (served / "etc/nginx/sites-available/mailadmin", served / f"{SERVED}/.env")
    before = site.read_text(), env.read_text()
    site.write_text(before[0].replace("client_max_body_size 2m", "client_max_body_size 3m"))
    again = install_quietly(served)
    assert "Wrote" not in again and env.read_text() == before[1]
    assert "mailadmin was changed or written by someone else, so it was kept" in again
    assert "change the password" not in again
    assert "certbot certonly" in again  # as long as it isn't done
    assert "client_max_body_size 3m" in site.read_text()
    site.unlink()
    assert f"Wrote /{site.relative_to(served / '')}" in install_quietly(served)
    assert site.read_text() == before[0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "panel"], "'panel' is not a full host name."),
        (["--host", "other.example.org"], ".env already has another value for ALLOWED_HOSTS."),
        (["--database", "mariadb"], "There are data in var/panel.sqlite3"),
        (["--panel-url", "/nothing", "--mail-url", "/nothing"], "There is no file /nothing."),
        (["--database-ca", "/nothing"], "There is no file /nothing."),
        (["--path", "../x"], "--path is '../x'"),
        (["--what"], "Unknown option: --what."),
    ],
)
def test_the_installation_refuses_what_it_would_break(
    served: Machine, installed: str, options: list[str], sentence: str
) -> None:
    done = install(served, *options, check=False)
    assert done.returncode == 1 and sentence in done.stderr
    assert served.run(["systemctl", "is-active", "mailadmin.service"]).stdout == "active\n"


def test_a_service_that_cannot_start_gives_up_and_says_why(
    served: Machine, visitor: Visitor
) -> None:
    env = served / f"{SERVED}/.env"
    usual = env.read_text()
    env.write_text(f"{usual}\nDEBUG=maybe\n")
    try:
        served.run(["systemctl", "reset-failed", "mailadmin.service", "mailadmin.socket"])
        served.run(["systemctl", "restart", "mailadmin.service"], check=False)
        state = ["systemctl", "is-failed", "mailadmin.service", "mailadmin.socket"]
        wait_until(
            lambda: served.run(state, check=False).stdout == "failed\n" * 2, "it gives up", 60
        )
        assert visitor.ask("GET", "/admin/login/")[0].status == 502
        log = served.run(["journalctl", "-u", "mailadmin", "-o", "cat"]).stdout
        assert "DEBUG is “maybe”" in log
        done = install(served, check=False)
        assert done.returncode == 1 and "DEBUG is “maybe”" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("The service was left as it was.")
    finally:
        env.write_text(usual)
        install_quietly(served)
    assert visitor.ask("GET", "/healthz", Host="192.0.2.1")[0].status == 200


def test_systemd_accepts_the_units(served: Machine, visitor: Visitor) -> None:
    nightly = [f"{name}.{kind}" for name in NIGHTLY for kind in ("service", "timer")]
    done = served.run(["systemd-analyze", "verify", "--man=no", *UNITS, *DOCTOR, *nightly])
    assert done.stdout + done.stderr == ""


def test_every_night_the_panel_is_backed_up_cleaned_and_counted(
    served: Machine, visitor: Visitor
) -> None:
    timers = [f"{name}.timer" for name in NIGHTLY]
    assert served.run(["systemctl", "is-active", *timers]).stdout.split() == ["active"] * 3
    served.run(["systemctl", "start", *NIGHTLY])
    stated = served.run(["stat", "-c", "%U %a", "/var/backups/mailadmin"]).stdout
    files = served.run(["find", "/var/backups/mailadmin", "-type", "f", "-printf", "%u %m %p\n"])
    (user, mode, path), *others = map(str.split, files.stdout.splitlines())
    assert (stated, user, mode, others) == ("mailadmin 700\n", "mailadmin", "600", [])
    manage = [SERVED / ".venv/bin/python", SERVED / "manage.py"]
    checked = served.run([*manage, "restore", path, "--check"], user="mailadmin").stdout
    assert f"{path} is whole." in checked
    journal = served.run(["journalctl", "-o", "cat", "-u", NIGHTLY[1]]).stdout
    assert "Deleted what has expired: sessions 0" in journal
    journal = served.run(["journalctl", "-o", "cat", "-u", NIGHTLY[2]]).stdout
    assert "Counted the figures of today. Domains: " in journal


def test_the_doctor_runs_as_root_only_what_root_alone_can_change(
    served: Machine, visitor: Visitor
) -> None:
    def examine() -> tuple[int, str]:
        served.run(["systemctl", "reset-failed"])
        status = served.run(["systemctl", "start", DOCTOR[0]], check=False).returncode
        return status, served.run(["journalctl", "-u", DOCTOR[0], "-o", "cat"]).stdout

    served.run(
        [
            "find",
            SERVED,
            "-path",
            "*/var",
            "-prune",
            "-o",
            "-exec",
            "chown",
            "-h",
            "root",
            "{}",
            "+",
        ]
    )
    status, log = examine()
    assert status == 0 and "Something is broken" in log and "Not run as root" not in log
    served.run(["chown", "mailadmin", SERVED / "mailboxes/conf.py"])
    status, log = examine()
    served.run(["chown", "root", SERVED / "mailboxes/conf.py"])
    assert status == 1 and "others than root can change ./mailboxes/conf.py in /srv/mail" in log


def test_the_panel_only_answers_over_https(served: Machine, visitor: Visitor) -> None:
    answer, page = visitor.ask("GET", "/admin/login/")
    assert answer.status == 200 and "csrfmiddlewaretoken" in page
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert all("Secure" in cookie for cookie in answer.headers.get_all("Set-Cookie", []))
    with served.network(), closing(http.client.HTTPConnection("127.0.0.1")) as plain:
        plain.request("GET", "/admin/?next=1", headers={"Host": SITE})
        answer = plain.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{SITE}/admin/?next=1"


def test_mail_programs_may_ask_at_names_of_the_domains(served: Machine, visitor: Visitor) -> None:
    path = "/Autodiscover/Autodiscover.json?Email=anna@example.net&Protocol=Autodiscoverv1"
    answer, found = visitor.ask("GET", path, Host="autodiscover.example.net")
    assert answer.status == 200 and f"https://{SITE}/autodiscover/autodiscover.xml" in found
    assert visitor.ask("GET", "/admin/login/", Host="autodiscover.example.net")[0].status == 404
    for question in ("", "?emailaddress=@example.net"):  # one names no address
        with served.network(), closing(http.client.HTTPConnection("127.0.0.1")) as plain:
            path = "/mail/config-v1.1.xml"
            plain.request("GET", f"{path}{question}", headers={"Host": "autoconfig.example.net"})
            answer = plain.getresponse()
        expected = f"https://{SITE}{path}?emailaddress=@example.net"
        assert (answer.status, answer.headers["Location"]) == (301, expected)


def test_static_files_are_compressed_and_cached_for_years(
    served: Machine, visitor: Visitor
) -> None:
    manifest = json.loads((served / f"{SERVED}/var/static/staticfiles.json").read_text())
    path = f"/static/{manifest['paths']['admin/js/core.js']}"
    answer, _ = visitor.ask("HEAD", path, Accept_Encoding="gzip")
    assert answer.status == 200 and answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.finding("unguarded-delete")
def test_visitors_cannot_spoof_the_address_that_failures_are_counted_for(visitor: Visitor) -> None:
    seen = []
    for number in range(6):
        answer, page = visitor.ask("GET", "/admin/login/")
        visitor.cookie = "; ".join(
            cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])
        )
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token, page
        form = f"csrfmiddlewaretoken={token[1]}&username=admin&password=wrong&next=/admin/"
        claimed = f"192.0.2.{number}"
        answer, _ = visitor.ask(
            "POST", "/admin/login/", form, X_Real_IP=claimed, X_Forwarded_For=claimed
        )
        seen.append(answer.status)
    assert seen[0] == 200 and seen[-1] == 429


@pytest.fixture
def counted(served: Machine, visitor: Visitor) -> Iterator[Visitor]:
    """A client of an nginx that has counted nothing yet, and forgets what it counts here."""

    def restart() -> None:
        served.run(["systemctl", "reset-failed", "nginx.service"])  # which counts the starts
        served.run(["systemctl", "restart", "nginx.service"])
        wait_until(lambda: served.listens(443), "nginx")

    restart()
    yield visitor
    restart()


@pytest.mark.finding("spraying")
@pytest.mark.finding("unthrottled-reset")
def test_nginx_limits_the_attempts_of_one_client(counted: Visitor) -> None:
    def attempt(path: str = "/password/", client: str = "127.0.0.2") -> int:
        return counted.status("POST", path, client)

    assert [attempt() for _ in range(11)] == [403] * 11  # Django's, for want of a CSRF token
    wait_until(lambda: attempt() == 429, "a limit")
    for path in ("/%70assword/", *ATTEMPTS):
        assert attempt(path) == 429
    assert counted.status("GET", "/password/", "127.0.0.2") == 200
    assert attempt("/language/") == 403
    time.sleep(1)  # the limit of all clients together is over, this client's own is not
    assert attempt(client="127.0.0.3") == 403


@pytest.mark.finding("spraying")
def test_nginx_limits_the_attempts_of_all_clients_together(counted: Visitor) -> None:
    with ExitStack() as stack:
        panels = [
            stack.enter_context(closing(counted.connect(f"127.0.1.{number}")))
            for number in range(1, 61)
        ]
        for panel in panels:
            panel.request("POST", "/admin/login/", headers={"Host": SITE})
        answers = [panel.getresponse() for panel in panels]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(answers) - len(refused) >= 10 and len(refused) >= 10
    assert {answer.headers["Retry-After"] for answer in refused} == {"60"}
    assert counted.status("GET", "/admin/login/", "127.0.2.1") == 200


def test_nginx_limits_the_requests_that_check_a_password(counted: Visitor) -> None:
    def ask(client: str = "127.0.0.6") -> int:
        return counted.status("POST", "/password/check/", client)

    assert [ask() for _ in range(15)] == [403] * 15
    wait_until(lambda: ask() == 429, "a limit")
    assert counted.status("POST", "/password/", "127.0.0.6") == 403
    assert ask("127.0.0.7") == 403


@pytest.mark.finding("slowloris")
def test_nginx_limits_the_requests_that_one_client_has_in_progress(counted: Visitor) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            panel = stack.enter_context(closing(counted.connect("127.0.0.4")))
            panel.putrequest("POST", "/language/", skip_host=True)
            panel.putheader("Host", SITE)
            panel.putheader("Content-Length", "5")
            panel.endheaders()
        wait_until(lambda: counted.status("GET", "/password/", "127.0.0.4") == 429, "a limit")
        assert counted.status("GET", "/password/", "127.0.0.5") == 200


BELOW = "/mailadmin"
NGINX = f"""\
server {{
    listen 443 ssl;
    server_name {SITE};
    ssl_certificate /etc/ssl/certs/ssl-cert-snakeoil.pem;
    ssl_certificate_key /etc/ssl/private/ssl-cert-snakeoil.key;
    include snippets/mailadmin.conf;
}}
"""


def serve_with_nginx(machine: Machine) -> None:
    shutil.copy(CHECKOUT / "deploy/nginx-path.conf", machine / "etc/nginx/snippets/mailadmin.conf")
    (machine / "etc/nginx/sites-enabled/mailadmin").write_text(NGINX)
    machine.run(["nginx", "-t"])
    machine.run(["systemctl", "restart", "nginx.service"])


def serve_with_apache(machine: Machine) -> None:
    conf = machine / "etc/apache2/conf-available/mailadmin.conf"
    shutil.copy(CHECKOUT / "deploy/apache-path.conf", conf)
    machine.run(["a2enmod", "-q", "ssl", "proxy_http", "headers"])
    machine.run(["a2enconf", "-q", "mailadmin"])
    machine.run(["a2ensite", "-q", "default-ssl"])
    machine.run(["apachectl", "configtest"])
    machine.run(["systemctl", "stop", "nginx.service"])
    machine.run(["systemctl", "restart", "apache2.service"])


@pytest.fixture
def below(served: Machine, visitor: Visitor) -> Iterator[Visitor]:
    """The panel with BASE_PATH; afterwards, it and nginx are again as the other tests expect."""
    env, sites = served / f"{SERVED}/.env", served / "etc/nginx/sites-enabled"
    usual, site = env.read_text(), (sites / "mailadmin").readlink()
    env.write_text(f"{usual}BASE_PATH={BELOW}\n")
    visitor.cookie = ""
    (sites / "mailadmin").unlink()
    assert "site" not in install_quietly(served)  # which is not ours, nor new
    assert not (sites / "mailadmin").is_symlink()
    yield visitor
    served.run(["systemctl", "stop", "apache2.service"])
    env.write_text(usual)
    (sites / "mailadmin").unlink()
    (sites / "mailadmin").symlink_to(site)
    served.run(["systemctl", "restart", "mailadmin.service", "nginx.service"])


def test_the_panel_works_below_a_path(served: Machine, below: Visitor) -> None:
    for serve in (serve_with_nginx, serve_with_apache):
        serve(served)
        check_below_the_path(served, below)


def check_below_the_path(served: Machine, below: Visitor) -> None:
    wait_until(lambda: below.ask("GET", f"{BELOW}/admin/login/")[0].status == 200, "the panel")
    assert below.ask("GET", BELOW)[0].headers["Location"].endswith(f"{BELOW}/")
    answer, _ = below.ask("GET", f"{BELOW}/")
    assert answer.headers["Location"] == f"{BELOW}/password/"
    answer, page = below.ask("GET", f"{BELOW}/admin/login/")
    cookies = answer.headers.get_all("Set-Cookie", [])
    assert cookies and all(f"Path={BELOW}/;" in cookie for cookie in cookies)
    files = re.findall(r'(?:href|src)="([^"]+[.](?:css|js))"', page)
    assert files and all(below.ask("GET", file)[0].status == 200 for file in files)
    below.cookie = "; ".join(cookie.split(";")[0] for cookie in cookies)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token, page
    form = f"csrfmiddlewaretoken={token[1]}&username=eva&password=wrong&next={BELOW}/admin/"
    answer, _ = below.ask("POST", f"{BELOW}/admin/login/", form, X_Real_IP="192.0.2.77")
    assert answer.status == 200
    log = served.run(["journalctl", "-u", "mailadmin", "-o", "cat"]).stdout
    assert 'Failed sign-in from 127.0.0.1 as "eva"' in log and "192.0.2.77" not in log
    assert below.ask("GET", "/admin/login/")[0].status == 404
