"""A hash of an older hash is kept instead of it, and fits the same password."""

import re

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher

from mailboxes.password_hashers import MAX_LENGTH, wrap
from mailboxes.passwords.recomputing import recompute, separate
from mailboxes.passwords.schemes import is_weak
from tests.hashes import CHEAP, COSTLY, PAGE_ONLY, UNREADABLE

OTHERS = {"{DIGEST-MD5}", "{SCRAM-SHA-1}", "{SCRAM-SHA-256}", "{PBKDF2}", "{PLAIN-TRUNC}"}
LEFT = [row for row in CHEAP if row.partition("}")[0] + "}" in OTHERS]
LEFT += [row for row in PAGE_ONLY if row in CHEAP]
BARE_ARGON2 = "$" + COSTLY[0].partition("$")[2]
READ = [row for row in CHEAP if row not in LEFT]


@pytest.mark.parametrize("stored", [*READ, *COSTLY, BARE_ARGON2])
def test_every_form_still_fits_its_password_and_no_other(stored: str) -> None:
    wrapped = wrap(stored)
    assert wrapped and len(wrapped) <= MAX_LENGTH
    assert identify_hasher(wrapped).must_update(wrapped)
    assert check_password("foo", wrapped)
    for wrong in ("fop", "foo ", "", "foo\0", "x" * 600):
        assert not check_password(wrong, wrapped)


@pytest.mark.parametrize("stored", [row for row in READ if is_weak(row)])
def test_no_weak_hash_is_kept(stored: str) -> None:
    parts = separate(stored)
    assert parts and parts[1] == recompute("foo", parts[0])
    # Between separators: a random salt may contain these letters by chance.
    assert parts[1] not in wrap(stored) and "foo" not in re.split(r"[$:,]", wrap(stored))


@pytest.mark.parametrize("stored", LEFT + UNREADABLE)
def test_other_forms_are_left(stored: str) -> None:
    assert wrap(stored) == ""


def test_a_hash_that_is_too_long_for_the_column_is_left() -> None:
    assert wrap("{SSHA512.HEX}" + "00" * 64 + "01" * 100) == ""
    assert wrap("$argon2id$v=19$m=65536,t=3,p=1$" + "A" * 86 + "$" + "A" * 86) == ""
