"""Mailbox passwords with every character that is special in some file, protocol or daemon."""

import pytest

from tests.mailhost import DOMAIN, MailHost, Person, hosts

pytestmark = pytest.mark.stack

WORDS = "kettle orbit fjord walnut pepper lantern gravel mosaic thimble!!"
OF_MAILBOXES = {
    "blanks at both ends": "  two blanks each  ",
    "quotes": """it's "quoted" `twice`""",
    "signs and a backslash at the end": "#;%$\\{}[]<>&|=,:!*^~\\",
    "variables of files and shells": "%u%n%d%w %{user} ${HOME} $(id) $x",
    "not ASCII": "Grüße aus Århus ñandú",
    "other scripts and emoji": "пароль 密码 🦊🔑🐧",
    "64 bytes": WORDS,
    "65 bytes": WORDS.replace("mosaic", "mosaïc"),
    "255 bytes": f"ü{WORDS * 4}"[:254],
    "looks like a scheme": "{PLAIN}kettle orbit fjord",
    "looks like a hash": "5f4dcc3b5aa765d61d8327deb882cf99",
}


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
@pytest.mark.parametrize("kind", OF_MAILBOXES)
def test_an_awkward_password_can_sign_in(mail: MailHost, kind: str) -> None:
    password = OF_MAILBOXES[kind]
    address = f"{kind.replace(' ', '-').lower()}@{DOMAIN}"
    person = mail.create(Person(address, password))
    for mechanism in mail.scheme.mechanisms:
        assert mail.signs_in(person, mechanism)
    assert not mail.signs_in(Person(address, password[:-1]))


def test_the_lengths_match_their_names() -> None:
    for kind in ("64 bytes", "65 bytes", "255 bytes"):
        assert len(OF_MAILBOXES[kind].encode()) == int(kind.split()[0])
