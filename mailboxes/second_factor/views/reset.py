"""The page on which a superuser resets somebody else's second factor."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailboxes.forms.base import autofocus
from mailboxes.request_actors import administrator
from mailboxes.second_factor import factors, policy
from mailboxes.second_factor.forms import OwnPasswordForm


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a superuser remove the second factor that another administrator has lost."""
    other = get_object_or_404(User, pk=pk)
    if not policy.may_reset(cast(User, request.user), other):
        raise PermissionDenied
    form = OwnPasswordForm(request, request.POST or None)
    if form.is_valid():
        factors.reset(administrator(request), other)
        text = _("The second factor of %(name)s was reset.") % {"name": other}
        messages.success(request, text)
        return redirect("admin:auth_user_change", pk)
    autofocus(form)
    context = admin.site.each_context(request) | {
        "title": _("Reset the second factor of %(name)s") % {"name": other},
        "form": form,
        "original": other,
        "is_required": policy.is_required(other),
    }
    return render(request, "second_factor/reset.html", context)
