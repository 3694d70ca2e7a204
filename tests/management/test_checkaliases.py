"""manage.py checkaliases"""

import pytest
from django.core.management import CommandError, call_command

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.models import Mailbox
from tests.conftest import TESTER


def test_checkaliases_lists_what_needs_attention(
    anna: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("checkaliases")
    assert capsys.readouterr().out.startswith("Every alias forwards to addresses that exist")
    actions.create_alias(TESTER, Address.parse("dead@example.org"), ["gone@example.org"])
    with pytest.raises(CommandError, match="1 alias needs attention"):
        call_command("checkaliases")
    assert capsys.readouterr().out.startswith("Mail to dead@example.org is refused")
