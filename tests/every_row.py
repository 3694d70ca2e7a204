"""Opens every page of every row in the mail tables, and saves each form as it is."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client

from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.page_forms import read_form

PAGES = ("", "configuration/", "configuration/upgrade/", "log/")
QUERIES = (
    *("", "?q=a", "?q=@", "?q=example&inside=1", "?active__exact=0", "?active__exact=1"),
    *("?q=ü", "?q=я", "?q=😀", "?q=a@я", "?domain=я", "?after=😀", "?before=я"),
)
OF_A_ROW = ("history/", "delete/")


def superuser(name: str = "rita") -> Client:
    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    client.force_login(User.objects.create_superuser(name))
    return client


def addresses(client: Client) -> Iterator[str]:
    """Yield the page of each list and of each row in it."""
    yield from (f"/admin/{page}" for page in PAGES)
    for model in (Domain, Mailbox, Alias, AliasDomain):
        page = f"/admin/mailboxes/{model._meta.model_name}/"
        kinds = ("", "?kind=all", "?kind=own") if model is Alias else ()
        yield from (f"{page}{query}" for query in (*QUERIES, *kinds, "csv/"))
        for key in model._default_manager.values_list("pk", flat=True):
            yield from (f"{page}{quote(key)}/{part}" for part in OF_A_ROW)
            if model is Mailbox:
                yield f"{page}{quote(key)}/password/"


def open_all(client: Client) -> list[str]:
    """Return the pages that can't be opened."""
    found = []
    for address in addresses(client):
        answer: Any = client.get(address, follow=True)
        if answer.status_code != 200:
            found.append(f"{address} {answer.status_code}")
        elif answer.streaming:
            list(answer.streaming_content)
    return found


def save_all(client: Client) -> list[str]:
    """Save every row's form as it is shown; return those that are refused."""
    found = []
    for model in (Domain, Mailbox, Alias, AliasDomain):
        for key in model._default_manager.values_list("pk", flat=True):
            address = f"/admin/mailboxes/{model._meta.model_name}/{quote(key)}/change/"
            page: Any = client.get(address)
            if page.status_code != 200:
                found.append(f"{address} {page.status_code}")
                continue
            answer: Any = client.post(address, read_form(page.content.decode()))
            if answer.status_code != 302:
                found.append(f"{address} saved: {answer.status_code}")
    return found
