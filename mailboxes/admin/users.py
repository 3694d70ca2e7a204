"""Administrators in the admin: their list, and a form with one role in place of permissions."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from mailboxes.access.roles import Role
from mailboxes.actions import administrators
from mailboxes.admin import display
from mailboxes.admin.base import PanelAdmin
from mailboxes.admin.user_forms import (
    AdministratorForm,
    AdministratorPasswordForm,
    NewAdministratorForm,
)
from mailboxes.audit.actors import ADMINISTRATOR
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.forms.base import autofocus
from mailboxes.request_actors import administrator
from mailboxes.second_factor.reauthentication import reauthentication_required

NAME_FIELDS = ("username", "first_name", "last_name", "email", "is_active")
ROLE_FIELDS = ("role", "all_domains", "domains")


class StatusFilter(admin.SimpleListFilter):
    """Active or disabled administrators; its parameter is that of the stock filter."""

    title = _("status")
    parameter_name = "is_active__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("active")), ("0", _("disabled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(is_active=self.value() == "1") if self.value() else queryset


class RoleFilter(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Role.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == Role.SUPERUSER:
            return queryset.filter(is_superuser=True)
        if self.value():
            return queryset.filter(is_superuser=False, grant__role=self.value())
        return queryset


@method_decorator(reauthentication_required, name="changeform_view")
@method_decorator(reauthentication_required, name="delete_view")
@method_decorator(reauthentication_required, name="user_change_password")
class AdministratorAdmin(PanelAdmin, UserAdmin):
    """The stock admin's pages; each change is one action, which only superusers may do."""

    form = AdministratorForm
    add_form = NewAdministratorForm
    list_per_page = 50
    sortable_by = ()
    list_display = ("username", "full_name", "email_address", "status", "role", "signed_in")
    list_filter = (StatusFilter, RoleFilter)
    filter_horizontal = ()
    actions = None
    readonly_fields = ("signed_in", "created_at")
    add_fieldsets = (
        (None, {"fields": ["username", "password1", "password2", "is_temporary"]}),
        (None, {"fields": ROLE_FIELDS}),
    )
    fieldsets = (
        (None, {"fields": NAME_FIELDS}),
        (None, {"fields": ROLE_FIELDS}),
        (_("Dates"), {"fields": ["signed_in", "created_at"]}),
    )

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.select_related("grant").prefetch_related("grant__domains")

    @admin.display(description=_("name"))
    def full_name(self, row: User) -> str:
        return row.get_full_name() or display.quiet(_("none"))

    @admin.display(description=_("email address"))
    def email_address(self, row: User) -> str:
        return row.email or display.quiet(_("none"))

    @admin.display(description=_("status"))
    def status(self, row: User) -> str:
        return display.status(row.is_active and row.is_staff)

    @admin.display(description=_("role"))
    def role(self, row: User) -> str:
        """Return the role and, for a role in some domains, how many."""
        assignment = administrators.RoleAssignment.of(row)
        label = dict(Role.choices).get(assignment.role)
        return display.role(label, assignment.all_domains, list(assignment.domains))

    @admin.display(description=_("last sign-in"))
    def signed_in(self, row: User) -> str:
        return display.local_time(row.last_login)

    @admin.display(description=_("created"))
    def created_at(self, row: User) -> str:
        return display.local_time(row.date_joined)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        titles = {"title": _("Administrators")}
        return super().changelist_view(request, titles | (extra_context or {}))

    # The form

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_self = obj is not None and obj.pk == request.user.pk
        return super().has_delete_permission(request, obj) and not is_self

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.has_role = obj is None or obj.pk != request.user.pk
        return form

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave out what would lock the administrator out, and the role's fields for readers."""
        sections = super().get_fieldsets(request, obj)
        if obj and not self.has_change_permission(request, obj):
            return [(None, {"fields": [*NAME_FIELDS, "role"]}), sections[-1]]
        if obj and obj.pk == request.user.pk:
            return [(None, {"fields": NAME_FIELDS[:-1]}), sections[-1]]
        return sections

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return [*self.readonly_fields, "role"]
        return self.readonly_fields

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Open no transaction, unlike the stock view: the action does, once it has hashed."""
        return self._add_view(request, form_url, extra_context)  # type: ignore[attr-defined, no-any-return]

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        actor, assignment = administrator(request), form.assignment()  # type: ignore[attr-defined]
        if change:
            shown = form.shown_values  # type: ignore[attr-defined]
            administrators.change_administrator(actor, obj, assignment, shown)
            return
        data = form.cleaned_data
        password, is_temporary = data["password1"], data["is_temporary"]
        administrators.create_administrator(actor, obj, password, assignment, is_temporary)

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """Save nothing more: the action has done so."""

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Set another administrator's password, which ends that administrator's sessions."""
        user = self.get_object(request, unquote(id))
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        if user is None:
            raise Http404
        form = AdministratorPasswordForm(user, request.POST or None)
        if form.is_valid():
            try:
                password = form.cleaned_data["password1"]
                is_temporary = form.cleaned_data["is_temporary"] and user.pk != request.user.pk
                administrators.set_administrator_password(
                    administrator(request), user, password, is_temporary
                )
            except Refused as error:
                form.add_error("password1", error_message(error))
            else:
                self.message_user(request, _("The password was changed."), messages.SUCCESS)
                if user.pk == request.user.pk:
                    update_session_auth_hash(request, user)
                return HttpResponseRedirect("../change/")
        autofocus(form)
        context = self.admin_site.each_context(request) | {
            "title": _("New password"),
            "opts": self.opts,
            "original": user,
            "form": form,
        }
        return render(request, "admin/auth/user/change_password.html", context)

    # Deletion, history

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Describe what is deleted; what these administrators did stays in the log."""
        lines = [_("The administrator %(name)s.") % {"name": user} for user in objs]
        may = request.user.has_perm("auth.delete_user")
        return lines, {}, set() if may else {_("administrators")}, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        administrators.delete_administrator(administrator(request), obj)

    def logged_object(self, request: HttpRequest, key: str) -> tuple[str, str]:
        return ADMINISTRATOR, str(self.get_object(request, key))


# The stock admin's titles and messages take their words from here.
User._meta.verbose_name = _("administrator")
User._meta.verbose_name_plural = _("administrators")
admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.register(User, AdministratorAdmin)
