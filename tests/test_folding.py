"""Letters as a search compares them, in Python and in each kind of database."""

import unicodedata

import pytest
from django.db.models import Exists, F, OuterRef

from mailboxes.folding import LETTERS, MARKS, fold
from mailboxes.lookup_models import SearchWord
from mailboxes.models import Mailbox


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("HÜRLIMANN", "hurlimann"),
        ("Weiß WEIẞ", "weiss weiss"),
        ("Øster Łódź Ænne Þór", "oster lodz aenne thor"),
        ("Nguyễn İpek ışık ȘTEFAN", "nguyen ipek isik stefan"),  # noqa: RUF001
        ("Αθήνας", "αθηνασ"),
        ("Королёв ЙОД", "королев иод"),
        ("日本 ½", "日本 ½"),
    ],
)
def test_letters_lose_their_marks_and_their_case(text: str, folded: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFD", text)) == folded
    assert fold(folded) == folded


@pytest.mark.django_db(databases=["default", "mail"])
def test_the_database_folds_each_letter_as_python_does() -> None:
    decomposed = {unicodedata.normalize("NFD", letter) for letter in LETTERS}
    plain = {chr(mark + len(MARKS)) for mark in MARKS} | set("日½ə'\\")  # what isn't folded stays
    texts = [f"aZ{letter}\u00e9{letter}" for letter in sorted({*LETTERS, *decomposed, *plain})]
    Mailbox.objects.bulk_create(
        Mailbox(
            username=f"{place}@a.example", domain_id="a.example", name=text, email_other=fold(text)
        )
        for place, text in enumerate(texts)
    )
    assert not [row.name for row in Mailbox.objects.exclude(name__folded=F("email_other"))]
    word = SearchWord.objects.filter(address=OuterRef("pk"), word=OuterRef("email_other"))
    found = Mailbox.objects.exclude(Exists(word)).values_list("name", flat=True)
    assert {name for name in found if name.isalpha()} == set()
