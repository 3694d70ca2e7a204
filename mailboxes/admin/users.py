"""Administrators and groups in the admin: Django's own, less what this panel has no use for."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Field, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes.admin import display
from mailboxes.forms import focus
from mailboxes.widgets import NewPasswordInput

DEEDS = {
    "view": _("look at"),
    "add": _("add"),
    "change": _("change"),
    "delete": _("delete"),
}
GIVEN = ("domain", "mailbox", "alias", "aliasdomain", "user", "group")
"""The models that a right can be given for; on all others the panel has no pages."""


ANSWERS = {
    "is_active": (_("active"), _("Whoever is not cannot sign in; the rights stay as they are.")),
    "is_staff": (_("may use this panel"), _("Without this, none of the rights below counts.")),
    "is_superuser": (
        _("may do everything"),
        _("With the configuration, its database passwords, and the rights of all others."),
    ),
}
"""What the boxes of an administrator mean, and what one should know of them."""


class RightsField(forms.ModelMultipleChoiceField):
    """Rights as boxes to tick, in words and by model."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        rights = Permission.objects.filter(
            content_type__app_label__in=("mailboxes", "auth"), content_type__model__in=GIVEN
        )
        order = ("-content_type__app_label", "content_type__model", "pk")
        rows = rights.select_related("content_type").order_by(*order)
        super().__init__(queryset=rows, required=False, **kwargs)

    def label_from_instance(self, obj: Permission) -> str:
        model = obj.content_type.model_class()
        deed = DEEDS.get(obj.codename.partition("_")[0], obj.codename)
        what = model._meta.verbose_name_plural if model else obj.content_type.model
        what = _("administrators") if model is User else what
        return f"{str(what).capitalize()}: {deed}"


class Rights:
    """Boxes to tick in place of two lists that need JavaScript; and no pop-up windows.

    Whoever is no superuser and could tick them would have every right there is.
    """

    rights_label: Promise = _("Rights")

    @property
    def media(self) -> forms.Media:
        return forms.Media()

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        focus(context["adminform"].form)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in ("permissions", "user_permissions"):
            return RightsField(label=self.rights_label)
        if db_field.name in ANSWERS:
            label, text = ANSWERS[db_field.name]
            return forms.BooleanField(required=False, label=label, help_text=text)
        if db_field.name == "groups":
            rows = Group.objects.order_by("name")
            box = forms.CheckboxSelectMultiple()
            return forms.ModelMultipleChoiceField(
                rows, required=False, widget=box, label=_("Groups")
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class OwnWidget(forms.BaseForm):
    """A form that asks for a new password as the form of a mailbox does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)  # nobody here signs in by other means
        widget = NewPasswordInput("password2")
        widget.is_required = True
        self.fields["password1"].widget = widget
        focus(self)


class NewPasswordForm(OwnWidget, AdminPasswordChangeForm):
    """A new password, twice."""


class NewAdministratorForm(OwnWidget, UserCreationForm):
    """A name, and a password twice."""


class Administrators(Rights, UserAdmin):
    add_form = NewAdministratorForm
    change_password_form = NewPasswordForm
    list_per_page = 50
    sortable_by = ()
    list_display = ("username", "full_name", "email_address", "status", "kind", "signed_in")
    list_filter = ("is_active", "is_superuser")
    actions = None
    rights_label = _("Rights of this person alone")
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        (
            _("What this person may do"),
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

    @admin.display(description=_("mail address"))
    def email_address(self, row: User) -> str:
        return row.email or display.quiet(_("none"))

    @admin.display(description=_("status"))
    def status(self, row: User) -> str:
        return display.status(row.is_active and row.is_staff)

    @admin.display(description=_("may do"))
    def kind(self, row: User) -> str:
        if row.is_superuser:
            return str(_("everything"))
        groups = ", ".join(group.name for group in row.groups.all())
        return groups or display.quiet(_("what is ticked"))

    @admin.display(description=_("last sign-in"))
    def signed_in(self, row: User) -> str:
        return display.moment(row.last_login)

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
        return super().has_change_permission(request, obj) and self.in_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let nobody delete the last superuser, which is oneself."""
        mine = obj is not None and obj.pk == request.user.pk
        may = super().has_delete_permission(request, obj) and self.in_reach(request, obj)
        return may and not mine

    def in_reach(self, request: HttpRequest, obj: User | None) -> bool:
        return obj is None or request.user.is_superuser or not obj.is_superuser

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave out what this person may not decide, and what would lock oneself out."""
        kept: set[str] = set()
        if obj and not request.user.is_superuser:
            kept |= {"is_superuser", "groups", "user_permissions"}
        if obj and obj.pk == request.user.pk:
            kept |= {"is_active", "is_staff", "is_superuser"}
        found = [
            (title, [name for name in part["fields"] if name not in kept])
            for title, part in super().get_fieldsets(request, obj)
        ]
        return [(title, {"fields": names}) for title, names in found if names]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say in words what goes: the log, too, of what these people have changed."""
        people = list(objs)
        entries = LogEntry.objects.filter(user__in=people).count()
        lines = [_("The administrator %(name)s.") % {"name": person} for person in people]
        if entries:
            text = ngettext(
                "%(count)d entry of the history, which says what was changed. Take away the tick "
                "at “Active” instead, and it stays.",
                "%(count)d entries of the history, which say what was changed. Take away the tick "
                "at “Active” instead, and they stay.",
                entries,
            )
            lines.append(text % {"count": entries})
        may = request.user.has_perm("auth.delete_user")
        return lines, {}, set() if may else {_("administrators")}, []

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Let a new one sign in here at once; what for, the next page asks."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)


class Groups(Rights, GroupAdmin):
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
admin.site.register(User, Administrators)
admin.site.register(Group, Groups)
