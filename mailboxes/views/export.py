"""All tables as one CSV file to download."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from mailboxes.csv_download import streamed
from mailboxes.request_actors import administrator
from mailboxes.second_factor.reauthentication import (
    did_recently_authenticate,
    redirect_to_reauthentication,
)
from mailboxes.transfer.csv_export import export_tables
from mailboxes.views.permissions import allowed


@never_cache
@allowed("mailbox.create")
def export(request: HttpRequest) -> HttpResponseBase:
    """Send all that the administrator may see as one file, with hashes if they are asked for."""
    if request.method != "POST":  # for example, after signing in again
        return redirect("import")
    with_hashes = "hashes" in request.POST
    if with_hashes and not did_recently_authenticate(request):
        return redirect_to_reauthentication(request)
    name = f"mailadmin-{timezone.now():%Y-%m-%d}.csv"
    return streamed(name, export_tables(administrator(request), name, "", with_hashes))
