import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailboxes.sizes import BadSize, exact_size, format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("500M", 524288000),
        ("1G", 2**30),
        ("1.5 GiB", 1610612736),
        (" 2 tb ", 2**41),
        ("10k", 10240),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1X", "1 G B", "1e9", "٣", "1,5G", "9999999T"])
def test_a_bad_size_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadSize, match=r"[.)]$"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "no limit"),
        (-1, "no limit"),
        (1023, "1023 bytes"),
        (2**30, "1 GiB"),
        (5120000, "4.9 MiB"),
    ],
)
def test_a_size_is_shown_as_a_person_reads_it(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 2**50))
def test_the_exact_form_of_a_size_is_read_back(size: int) -> None:
    assert parse_size(exact_size(size)) == size
