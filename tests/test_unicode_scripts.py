"""Which domain names mix scripts that no language mixes."""

import pytest

from mailboxes.unicode_scripts import mixed_scripts


@pytest.mark.finding("mixed-script")
@pytest.mark.parametrize(
    ("name", "scripts"),
    [
        ("\u0430pple.example", ["Cyrillic", "Latin"]),
        ("www.p\u0430ypal.example", ["Cyrillic", "Latin"]),
        ("g\u03bfogle.example", ["Greek", "Latin"]),
        ("\u0430\u03b1.example", ["Cyrillic", "Greek"]),
        ("\u0561pple.example", ["Armenian", "Latin"]),
        ("\u6771\u0430.example", ["Cyrillic", "Han"]),
        ("\uac00\u3042.example", ["Hangul", "Hiragana"]),
        ("a\u05d0.example", ["Hebrew", "Latin"]),
    ],
)
def test_a_domain_that_mixes_scripts_is_found_with_their_names(
    name: str, scripts: list[str]
) -> None:
    assert mixed_scripts(name) == scripts


@pytest.mark.finding("mixed-script")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "example.org",
        "b\u00fccher-2.example",
        "\u043f\u0440\u0438\u043c\u0435\u0440.example",  # each label has one script
        "\u043f\u043e\u0447\u0442\u0430-24.example",
        "\u03bb\u03cc\u03b3\u03bf\u03c2.example",
        "\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8.example",
        "\u30c7\u30fc\u30bf-web\u3005.example",  # the prolonged sound and iteration marks
        "\u53f0\u7063\u3105abc.example",
        "\ud55c\uad6d\u6f22abc.example",
        "\u0e44\u0e17\u0e22\u0e48\u0e2d\u0e4c.example",
        "\u0645\u062b\u0627\u0644.example",
        "\u0939\u093f\u0928\u094d\u0926\u0940.example",
    ],
)
def test_a_domain_in_the_scripts_of_one_language_is_not_mixed(name: str) -> None:
    assert mixed_scripts(name) == []
