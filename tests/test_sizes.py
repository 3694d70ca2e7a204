"""Sizes are parsed with their units, and shown as they were entered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailboxes.sizes import (
    BadSize,
    Size,
    exact_limit,
    exact_quota,
    exact_size,
    parse_limit,
    parse_quota,
    parse_size,
    to_units,
)


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
        ("1,5G", 1610612736),
    ],
)
def test_a_size_is_parsed_with_its_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "G", "-1", "1X", "1 G B", "1e9", "٣", "1,024M", "1,G", "9999999T"]
)
def test_an_invalid_size_is_refused_with_a_sentence(text: str) -> None:
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
def test_a_size_is_shown_in_a_readable_unit(size: int, text: str) -> None:
    assert str(Size(size)) == text


@given(st.integers(0, 2**50))
def test_the_exact_form_of_a_size_is_read_back(size: int) -> None:
    assert parse_size(exact_size(size)) == size


@pytest.mark.parametrize(
    ("text", "unit", "count"),
    [
        ("1G", 1024000, 1049),
        ("1000M", 1024000, 1024),
        ("2T", 1024000, 2147484),
        ("1G", 2**20, 1024),
        ("0", 1024000, 0),
        ("-1", 1024000, -1),
    ],
)
def test_a_limit_is_shown_as_it_was_entered(text: str, unit: int, count: int) -> None:
    assert exact_limit(count, unit) == text
    assert text == "-1" or to_units(parse_size(text), unit) == count


@given(st.integers(1, 2**30), st.sampled_from([1, 1000, 1024000, 2**20]))
def test_a_limit_that_is_saved_as_shown_stays_the_same(count: int, unit: int) -> None:
    assert to_units(parse_size(exact_limit(count, unit)), unit) == count


def test_a_limit_is_a_size_or_disabled_or_unlimited_where_that_is_allowed() -> None:
    assert parse_limit("1G", 1024000) == parse_limit("1G", 1024000, may_be_off=True) == 1049
    assert parse_limit("0", 1024000, may_be_off=True) == 0
    assert parse_limit(" -1", 1024000, may_be_off=True) == -1
    with pytest.raises(BadSize):
        parse_limit("-1", 1024000)


@pytest.mark.parametrize(
    ("text", "megabyte", "quota", "shown"),
    [
        ("10M", 1024000, 10240000, "10M"),
        ("1G", 1024000, 1024 * 1024000, "1G"),
        ("1.5M", 1024000, 2048000, "2M"),
        ("512", 1024000, 1024000, "1M"),
        ("10240000", 1024000, 10240000, "10M"),
        ("1500K", 2**20, 2 * 2**20, "2M"),
        ("0", 1024000, 0, "0"),
        ("1500K", 0, 1536000, "1500K"),
    ],
)
def test_a_quota_is_whole_megabytes_of_the_database(
    text: str, megabyte: int, quota: int, shown: str
) -> None:
    assert parse_quota(text, megabyte) == quota
    assert exact_quota(quota, megabyte) == shown


@given(st.integers(1, 2**30), st.sampled_from([1024000, 2**20]))
def test_a_quota_that_is_saved_as_shown_stays_the_same(count: int, megabyte: int) -> None:
    quota = count * megabyte
    assert parse_quota(exact_quota(quota, megabyte), megabyte) == quota
    assert exact_quota(quota + 1, megabyte) == str(quota + 1)
