"""Each quoting rule, read back by a parser of that file format."""

import re
import shlex
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailboxes.export import quoting
from mailboxes.export.quoting import BadValue

Rule = Callable[[str, str], str]
Parser = Callable[[str], str]

SPECIAL = "\"'`\\#;%$[]{}()<>&|=,: *?!~@\n\r\t\0"
texts = st.text() | st.text(st.sampled_from(SPECIAL + "ab1ü☃"))


def read_map(written: str) -> str:
    """Postfix: the rest of the line after `=`, without spaces at either end."""
    return written.splitlines()[0].strip(" \t") if written.strip(" \t\n") else ""


def read_pam_argument(written: str) -> str:
    """Linux-PAM: remove comments, then read up to a `]` without a backslash before it."""
    line = f"auth required pam_mysql.so [x={written}] end".splitlines()[0].partition("#")[0]
    found = re.search(r"\[x=((?:\\\]|[^]])*+)\] end", line)
    return found[1].replace("\\]", "]") if found else ""


def read_pam_option(written: str) -> str:
    """pam_mysql's file: skip blanks after `=`, then read up to `;` or the end of the line."""
    return re.split(r"[;\r\n]", written.lstrip(" \t"))[0]


def read_mysql_option(written: str) -> str:
    """libmariadb: trim, take off the quotes, then undo the escapes that it knows."""
    value = written.splitlines()[0].strip()
    if value[:1] in ("'", '"'):
        value = value[1:-1] if value[-1] in ("'", '"') else value[1:]
    known = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "s": " ", '"': '"', "'": "'", "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: known.get(found[1], found[0]), value)


def read_dovecot(written: str) -> str:
    """Dovecot 2.3: in double quotes a backslash takes the next sign as it is."""
    found = re.fullmatch(r'"((?:\\.|[^"\\])*)"', written)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


def read_sql_text(written: str) -> str:
    """MySQL: `''` is a quote, and a backslash takes the next sign as it is or as a control one."""
    found = re.fullmatch(r"'((?:\\.|''|[^'\\])*)'", written)
    return re.sub(r"\\(.)|''", lambda pair: pair[1] or "'", found[1]) if found else ""


def read_sql_name(written: str) -> str:
    found = re.fullmatch(r"`((?:``|[^`])*)`", written)
    return found[1].replace("``", "`") if found else ""


def read_shell(written: str) -> str:
    return "".join(shlex.split(written))


RULES: dict[str, tuple[Rule, Parser]] = {
    "a Postfix map": (quoting.map_value, read_map),
    "an argument of PAM": (quoting.pam_argument, read_pam_argument),
    "pam_mysql's own file": (quoting.pam_option, read_pam_option),
    "my.cnf": (quoting.mysql_option, read_mysql_option),
    "a setting of Dovecot": (quoting.dovecot_text, read_dovecot),
    "a string in SQL": (quoting.sql_text, read_sql_text),
    "a name in SQL": (quoting.sql_name, read_sql_name),
    "a word of the shell": (quoting.shell_word, read_shell),
}
few = settings(max_examples=40)
every_rule = pytest.mark.parametrize(("rule", "read"), RULES.values(), ids=RULES)
# Those that write a value as it is, so that what they refuse can be tried.
LITERAL = ("a Postfix map", "pam_mysql's own file")


@pytest.mark.finding("config-injection")
@every_rule
@given(value=texts)
@few
def test_written_values_are_read_back_unchanged(rule: Rule, read: Parser, value: str) -> None:
    try:
        written = rule(value, "SOME_SETTING")
    except BadValue:
        return
    assert read(written) == value


@pytest.mark.finding("config-injection")
@every_rule
@given(before=texts, control=st.sampled_from("\n\r\0\t\x1b\x7f\x85\u2028"), after=texts)
@few
def test_no_control_character_gets_through(
    rule: Rule, read: Parser, before: str, control: str, after: str
) -> None:
    with pytest.raises(BadValue):
        rule(before + control + after, "SOME_SETTING")


@pytest.mark.parametrize("name", LITERAL)
@given(value=st.text(st.sampled_from("#;\\[]\"' ab1ü")))
def test_only_what_a_file_cannot_express_is_refused(name: str, value: str) -> None:
    rule, read = RULES[name]
    try:
        rule(value, "SOME_SETTING")
    except BadValue:
        assert not value or read(value) != value


@given(value=st.text(st.sampled_from("#;\\[]\"' ab1ü"), min_size=1))
def test_pam_refuses_only_what_its_brackets_cannot_express(value: str) -> None:
    try:
        quoting.pam_argument(value, "SOME_SETTING")
    except BadValue:
        assert read_pam_argument(value.replace("]", "\\]")) != value


@every_rule
def test_a_refusal_names_the_setting_and_not_the_value(rule: Rule, read: Parser) -> None:
    with pytest.raises(BadValue, match=r"^MAIL_AUTH_PASSWORD .*\.$") as refusal:
        rule("secret\nsecret", "MAIL_AUTH_PASSWORD")
    assert "secret" not in str(refusal.value)


@every_rule
def test_half_a_surrogate_pair_is_refused(rule: Rule, read: Parser) -> None:
    with pytest.raises(BadValue):
        rule("abc\udcff", "SOME_SETTING")


@pytest.mark.parametrize("value", ["it's", "$(id) `id` $HOME", "a\\", "*", "--help", "ü ☃"])
def test_the_shell_reads_a_word_back_unchanged(value: str) -> None:
    script = f"printf %s {quoting.shell_word(value, 'SOME_SETTING')}"
    assert subprocess.run(["sh", "-c", script], capture_output=True).stdout.decode() == value


@pytest.mark.parametrize("value", ["mail.example.test", "/var/vmail", "db-1", "/run/my_sql.sock"])
def test_a_bare_word_is_not_changed(value: str) -> None:
    assert quoting.bare(value, "SOME_SETTING") == value


@pytest.mark.parametrize("value", ["", "a b", "a#b", "a;b", "$a", "é", "a\n", "-o", "a%d", "a'b"])
def test_values_that_need_quotes_are_not_bare_words(value: str) -> None:
    with pytest.raises(BadValue, match="SOME_SETTING"):
        quoting.bare(value, "SOME_SETTING")


def test_a_number_is_written_in_digits() -> None:
    assert quoting.digits(5000, "MAIL_UID") == "5000"
    with pytest.raises(BadValue, match="MAIL_UID"):
        quoting.digits(-1, "MAIL_UID")


@pytest.mark.parametrize(
    ("value", "in_file"),
    [
        ("plain", True),
        ("a#b", True),
        ("ends\\", True),
        ("trailing ", True),
        ("x" * 900, True),
        ("a;b", False),
        (" leading", False),
    ],
)
def test_a_password_is_put_where_it_can_be_expressed(value: str, in_file: bool) -> None:
    assert quoting.fits_pam_file(value, "MAIL_AUTH_PASSWORD", preferred=True) is in_file


@pytest.mark.parametrize("value", ["a#b;c", " leading#", "a;b\\", ";" + "x" * 900, "", "a\nb"])
def test_a_password_that_fits_nowhere_is_refused(value: str) -> None:
    with pytest.raises(BadValue, match="MAIL_AUTH_PASSWORD"):
        quoting.fits_pam_file(value, "MAIL_AUTH_PASSWORD", preferred=True)


@given(value=texts, preferred=st.booleans())
def test_the_chosen_place_can_express_the_value(value: str, preferred: bool) -> None:
    try:
        in_file = quoting.fits_pam_file(value, "MAIL_AUTH_PASSWORD", preferred)
    except BadValue:
        return
    name = "pam_mysql's own file" if in_file else "an argument of PAM"
    rule, read = RULES[name]
    assert read(rule(value, "MAIL_AUTH_PASSWORD")) == value
