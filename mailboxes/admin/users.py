"""Administrators and groups in the admin: Django's own, without what this panel doesn't need."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Field, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes.admin import display
from mailboxes.admin.base import MAX_HISTORY
from mailboxes.audit import entries
from mailboxes.audit.log import log_change, subject
from mailboxes.clients import administrator
from mailboxes.forms import autofocus
from mailboxes.widgets import NewPasswordInput

ACTIONS = {
    "view": _("view"),
    "add": _("add"),
    "change": _("change"),
    "delete": _("delete"),
}
PERMISSION_MODELS = ("domain", "mailbox", "alias", "aliasdomain", "user", "group")
"""The models with permissions to grant; the panel has no pages for the others."""

FLAGS = {
    "is_active": (
        _("active"),
        _("Inactive administrators can't sign in; their permissions are kept."),
    ),
    "is_staff": (
        _("can use this panel"),
        _("Without this, the permissions below have no effect."),
    ),
    "is_superuser": (
        _("superuser"),
        _("Has all permissions, including access to the configuration and its database passwords."),
    ),
}
"""The label and the help text of an administrator's checkboxes."""


class PermissionsField(forms.ModelMultipleChoiceField):
    """Permissions as checkboxes, in words and by model."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: object) -> None:
        permissions = Permission.objects.filter(
            content_type__app_label__in=("mailboxes", "auth"),
            content_type__model__in=PERMISSION_MODELS,
        )
        order = ("-content_type__app_label", "content_type__model", "pk")
        rows = permissions.select_related("content_type").order_by(*order)
        super().__init__(queryset=rows, required=False, **kwargs)

    def label_from_instance(self, obj: Permission) -> str:
        model = obj.content_type.model_class()
        action = ACTIONS.get(obj.codename.partition("_")[0], obj.codename)
        what = model._meta.verbose_name_plural if model else obj.content_type.model
        what = _("administrators") if model is User else what
        return f"{str(what).capitalize()}: {action}"


class PermissionsMixin:
    """Check boxes instead of two lists that need JavaScript, and no pop-up windows.

    Only superusers get them, since anyone else could grant themselves every permission.
    """

    permissions_label: Promise = _("Permissions")

    @property
    def media(self) -> forms.Media:
        return forms.Media()

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        autofocus(context["adminform"].form)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: object
    ) -> Any:
        if db_field.name in ("permissions", "user_permissions"):
            return PermissionsField(label=self.permissions_label)
        if db_field.name in FLAGS:
            label, text = FLAGS[db_field.name]
            return forms.BooleanField(required=False, label=label, help_text=text)
        if db_field.name == "groups":
            rows = Group.objects.order_by("name")
            box = forms.CheckboxSelectMultiple()
            return forms.ModelMultipleChoiceField(
                rows, required=False, widget=box, label=_("Groups")
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class NewPasswordMixin(forms.BaseForm):
    """A form with the same password field as the form of a mailbox."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)  # passwords are the only way to sign in
        widget = NewPasswordInput("password2", account="administrator")
        widget.is_required = True
        self.fields["password1"].widget = widget
        autofocus(self)


class NewPasswordForm(NewPasswordMixin, AdminPasswordChangeForm):
    """A new password, twice."""


class NewAdministratorForm(NewPasswordMixin, UserCreationForm):
    """A name, and a password twice."""


class LoggedAdmin(admin.ModelAdmin):
    """Administrators and groups: logged by the stock admin's hooks, in its own transaction."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return form_changes(form)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.log(request, "create", obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        changes = message if isinstance(message, dict) else {"password": []}
        self.log(request, "change", obj, changes)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self.log(request, "delete", obj, {})

    def log(self, request: HttpRequest, verb: str, obj: Any, changes: dict[str, Any]) -> None:
        kind = "administrator" if isinstance(obj, User) else "group"
        entry = subject(kind, str(obj), "", changes)
        log_change(administrator(request), f"{kind}.{verb}", entry)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        kind = "administrator" if isinstance(obj, User) else "group"
        found = list(entries.of_object(kind, str(obj))[:MAX_HISTORY])
        return super().history_view(request, object_id, {"entries": entries.read(found, str(obj))})


def form_changes(form: forms.BaseForm) -> dict[str, list[Any]]:
    """Return the old and new value of each changed field; none for a password."""
    changes: dict[str, list[Any]] = {}
    for name in form.changed_data:
        if "password" in name:
            changes["password"] = []
        else:
            values = (form.initial.get(name), form.cleaned_data.get(name))
            changes[name] = [plain(value) for value in values]
    return changes


def plain(value: Any) -> Any:
    """Return a value that JSON can store: the names of rows, and text for all other objects."""
    if isinstance(value, QuerySet | list):
        return [str(row) for row in value]
    return value if isinstance(value, bool | int | None) else str(value)


class AdministratorAdmin(PermissionsMixin, LoggedAdmin, UserAdmin):
    add_form = NewAdministratorForm
    change_password_form = NewPasswordForm
    list_per_page = 50
    sortable_by = ()
    list_display = ("username", "full_name", "email_address", "status", "role", "signed_in")
    list_filter = ("is_active", "is_superuser")
    actions = None
    permissions_label = _("Individual permissions")
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        (
            _("Permissions"),
            {
                "fields": (
                    "is_active",
                    "is_staff",
                    "is_superuser",
                    "groups",
                    "user_permissions",
                )
            },
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

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
        if row.is_superuser:
            return str(_("superuser"))
        groups = ", ".join(group.name for group in row.groups.all())
        return groups or display.quiet(_("individual permissions"))

    @admin.display(description=_("last sign-in"))
    def signed_in(self, row: User) -> str:
        return display.local_time(row.last_login)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        titles = {"title": _("Administrators")}
        return super().changelist_view(request, titles | (extra_context or {}))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        titles = {"title": _("Add administrator")}
        return super().add_view(request, form_url, titles | (extra_context or {}))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self.may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody can delete themselves, so the last superuser is always kept."""
        is_self = obj is not None and obj.pk == request.user.pk
        may = super().has_delete_permission(request, obj) and self.may_manage(request, obj)
        return may and not is_self

    def may_manage(self, request: HttpRequest, obj: User | None) -> bool:
        return obj is None or request.user.is_superuser or not obj.is_superuser

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave out what the administrator may not change, and what would lock them out."""
        hidden: set[str] = set()
        if obj and not request.user.is_superuser:
            hidden |= {"is_superuser", "groups", "user_permissions"}
        if obj and obj.pk == request.user.pk:
            hidden |= {"is_active", "is_staff", "is_superuser"}
        found = [
            (title, [name for name in part["fields"] if name not in hidden])
            for title, part in super().get_fieldsets(request, obj)
        ]
        return [(title, {"fields": names}) for title, names in found if names]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Describe what is deleted; what these administrators did stays in the log."""
        lines = [_("The administrator %(name)s.") % {"name": user} for user in objs]
        may = request.user.has_perm("auth.delete_user")
        return lines, {}, set() if may else {_("administrators")}, []

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Let a new administrator sign in; the next page has the permissions."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)


class PanelGroupAdmin(PermissionsMixin, LoggedAdmin, GroupAdmin):
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Groups")} | (extra_context or {}))


admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.register(User, AdministratorAdmin)
admin.site.register(Group, PanelGroupAdmin)
