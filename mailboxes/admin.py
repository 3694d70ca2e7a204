"""Domains, mailboxes and aliases in the admin."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import deeds
from mailboxes.conf import mail_host
from mailboxes.filters import AliasKindFilter, DomainFilter
from mailboxes.forms import AliasDomainForm, AliasForm, DomainForm, MailboxForm
from mailboxes.limits import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.sizes import format_size


class DeedAdmin(admin.ModelAdmin):
    """Lists and forms of the stock admin; every change goes through a deed."""

    list_per_page = 50
    show_full_result_count = False
    actions = ["enable", "disable"]
    readonly_fields = ["created", "modified"]
    goes_along: Sequence[type[Model]] = ()
    """The models whose rows a deletion takes along; it needs the right to delete them, too."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        fields: list[Any] = list(self.fields or ())
        if obj is None:
            return [*self.form.only_when_new, *fields]  # type: ignore[attr-defined]
        if not self.has_change_permission(request, obj):
            fields = [name for name in fields if not name.startswith("new_password")]
        return [*fields, *self.readonly_fields]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters alone: `?password__startswith=` would tell a hash letter by letter."""
        return lookup.partition("__")[0] in ("active", "domain", "kind")

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_refusal(super().changeform_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_refusal(super().changelist_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_refusal(super().delete_view, request, *args, **kwargs)

    def or_refusal(
        self, view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Say what a deed refused, such as when the tables changed after the form's check."""
        try:
            return view(request, *args, **kwargs)
        except Refused as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """List in words what goes and what stays; the last item says what forbids it."""
        rows = list(objs)
        lacking = {
            str(model._meta.verbose_name)
            for model in (self.model, *self.goes_along)
            if not request.user.has_perm(f"mailboxes.delete_{model._meta.model_name}")
        }
        lines = [line for row in rows for line in self.describe_deletion(row)]
        forbidden = [reason for row in rows for reason in self.forbid_deletion(row)]
        return lines, {self.opts.verbose_name_plural: len(rows)}, lacking, forbidden

    def describe_deletion(self, row: Any) -> list[str]:
        return [str(row)]

    def forbid_deletion(self, row: Any) -> list[str]:
        return []

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @admin.action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.set_active(request, queryset, True)

    @admin.action(description=_("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.set_active(request, queryset, False)

    def set_active(self, request: HttpRequest, queryset: QuerySet[Any], active: bool) -> None:
        rows = list(queryset.exclude(active=active))
        for row in rows:
            deeds.set_active(row, active)
            self.log_change(request, row, [{"changed": {"fields": ["active"]}}])
        done = (
            ngettext("Enabled %d.", "Enabled %d.", len(rows))
            if active
            else ngettext("Disabled %d.", "Disabled %d.", len(rows))
        )
        self.message_user(request, done % len(rows), messages.SUCCESS)


@admin.register(Domain)
class DomainAdmin(DeedAdmin):
    form = DomainForm
    goes_along = [Mailbox, Alias]
    fields = ["description", "active", "mailboxes", "aliases", "maxquota", "quota"]
    list_display = ["domain", "description", "mailbox_count", "mailboxes", "aliases", "active"]
    list_filter = ["active"]
    search_fields = ["^domain", "description"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        mailboxes = (
            Mailbox.objects.filter(domain=OuterRef("pk"))
            .order_by()
            .values("domain")
            .annotate(count=Count("pk"))
            .values("count")
        )
        rows: QuerySet[Domain] = super().get_queryset(request)
        return rows.annotate(mailbox_count=Coalesce(Subquery(mailboxes), 0))

    @admin.display(description=_("mailboxes"))
    def mailbox_count(self, row: Any) -> str:
        url = reverse("admin:mailboxes_mailbox_changelist")
        return format_html('<a href="{}?domain={}">{}</a>', url, row.pk, row.mailbox_count)

    def save_model(self, request: HttpRequest, obj: Domain, form: ModelForm, change: bool) -> None:
        if change:
            deeds.change_domain(obj)
            return
        data = dict(form.cleaned_data)
        deeds.create_domain(data.pop("domain"), **data)

    def describe_deletion(self, row: Domain) -> list[str]:
        mailboxes = Mailbox.objects.filter(domain=row.pk).count()
        aliases = Alias.objects.filter(domain=row.pk).count() - mailboxes
        led = [
            _("Its place as an alias domain of %(target)s.") % {"target": alias.target_domain}
            for alias in AliasDomain.objects.filter(pk=row.pk)
        ]
        return [
            _("The domain %(domain)s with %(mailboxes)d mailboxes and %(aliases)d further aliases.")
            % {"domain": row, "mailboxes": mailboxes, "aliases": max(aliases, 0)},
            *led,
            _("The mail itself stays on the mail host, in %(folder)s.")
            % {"folder": f"{mail_host().home}/{row.pk}"},
        ]

    def forbid_deletion(self, row: Domain) -> list[str]:
        sources = AliasDomain.objects.filter(target_domain=row.pk)
        return [
            _("The alias domain %(source)s leads to %(domain)s; delete it first.")
            % {"source": source, "domain": row}
            for source in sources
        ]

    def delete_model(self, request: HttpRequest, obj: Domain) -> None:
        deeds.delete_domain(obj)


@admin.register(Mailbox)
class MailboxAdmin(DeedAdmin):
    form = MailboxForm
    fields = ["name", "quota", "active", "new_password1", "new_password2"]
    list_display = ["username", "name", "quota_in_words", "active", "modified"]
    list_filter = ["active", DomainFilter]
    search_fields = ["^username", "^domain__domain", "name"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Take `@example.org` for the domain."""
        return super().get_search_results(request, queryset, search_term.removeprefix("@"))

    @admin.display(description=_("quota"), ordering="quota")
    def quota_in_words(self, row: Mailbox) -> str:
        return format_size(row.quota)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            deeds.change_mailbox(obj, data["new_password1"])
            return
        obj.pk = deeds.create_mailbox(
            data["address"], data["new_password1"], data["name"], data["quota"], data["active"]
        ).pk

    def describe_deletion(self, row: Mailbox) -> list[str]:
        stranded = [
            _("The alias %(alias)s still leads to %(mailbox)s; mail to it will come back.")
            % {"alias": alias, "mailbox": row}
            for alias in deeds.aliases_leading_to(row.pk)
        ]
        return [
            _("The mailbox %(mailbox)s and its alias to itself.") % {"mailbox": row},
            *stranded,
            _("The mail itself stays on the mail host, in %(folder)s.")
            % {"folder": f"{mail_host().home}/{row.maildir}"},
        ]

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        deeds.delete_mailbox(obj)


@admin.register(Alias)
class AliasAdmin(DeedAdmin):
    form = AliasForm
    fields = ["goto", "active"]
    list_display = ["address", "targets_in_words", "active", "modified"]
    list_filter = ["active", AliasKindFilter, DomainFilter]
    search_fields = ["^address", "^domain__domain", "goto"]

    @admin.display(description=_("leads to"))
    def targets_in_words(self, row: Alias) -> str:
        more = len(row.targets) - 3
        names = ", ".join(row.targets[:3])
        return (
            _("%(names)s and %(more)d more") % {"names": names, "more": more} if more > 0 else names
        )

    def save_model(self, request: HttpRequest, obj: Alias, form: ModelForm, change: bool) -> None:
        data = form.cleaned_data
        if change:
            deeds.change_alias(obj, data["goto"])
            return
        obj.pk = deeds.create_alias(data["address"], data["goto"], data["active"]).pk

    def forbid_deletion(self, row: Alias) -> list[str]:
        reason = _("%(alias)s is the alias by which the mailbox of that name gets its mail.")
        return [reason % {"alias": row}] if row.is_own else []

    def delete_model(self, request: HttpRequest, obj: Alias) -> None:
        deeds.delete_alias(obj)


@admin.register(AliasDomain)
class AliasDomainAdmin(DeedAdmin):
    form = AliasDomainForm
    fields = ["active"]
    list_display = ["alias_domain", "target_domain", "active"]
    list_filter = ["active"]
    search_fields = ["^alias_domain", "^target_domain"]

    def save_model(
        self, request: HttpRequest, obj: AliasDomain, form: ModelForm, change: bool
    ) -> None:
        data = form.cleaned_data
        if change:
            deeds.set_active(obj, obj.active)
            return
        deeds.create_alias_domain(
            str(data["alias_domain"]), str(data["target_domain"]), data["active"]
        )
