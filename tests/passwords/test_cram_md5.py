"""The keys of CRAM-MD5, compared with those that doveadm writes."""

import pytest

from mailboxes.passwords import cram_md5


@pytest.mark.parametrize(
    ("password", "key"),
    [
        ("ä" + "b" * 61, "366f6e3c52497967b27c9864a75b9d39d9c174c2eb61db8b2e1c4b7371b70c71"),
        ("ä" + "b" * 62, "ba6563f03ea48a37b8cacc2f3a5fc0355f3188f7ee1c343af51983830235062c"),
        ("ä" + "b" * 63, "1fb46d41f7566862182a8694353e9baf3b497c5710bc742420f55aac7dccfbaf"),
        ("ä" + "b" * 253, "b346e943816aadc81601a1aa411fcdd3cb261441d6f02224c18c64e1a01aac28"),
        (" ä€😀 \"';#%$\\{}[]", "abaa07ff75ce436849dd7e124fa4911c95ee54354f0b62d208181ca463d0db6b"),
    ],
    ids=["63 bytes", "64 bytes", "65 bytes", "255 bytes", "signs"],
)
def test_cram_md5_keys_match_those_of_doveadm(password: str, key: str) -> None:
    assert cram_md5.key(password.encode()).hex() == key


def test_many_keys_at_once_are_those_of_the_single_passwords() -> None:
    passwords = [bytes([number]) * number for number in range(256)]
    assert cram_md5.keys(passwords) == [cram_md5.key(password) for password in passwords]
    assert cram_md5.keys([]) == []
