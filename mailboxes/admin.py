"""Domains, mailboxes and aliases in the admin."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from mailboxes import deeds
from mailboxes.conf import mail_host
from mailboxes.forms import AliasDomainForm, AliasForm, DomainForm, MailboxForm
from mailboxes.limits import Refused
from mailboxes.lists import AliasDomainList, AliasList, DomainList, MailboxList
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox


class DeedAdmin(admin.ModelAdmin):
    """Lists and forms of the stock admin; every change goes through a deed."""

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


@admin.register(Domain)
class DomainAdmin(DomainList, DeedAdmin):
    form = DomainForm
    goes_along = [Mailbox, Alias]
    fields = ["description", "active", "mailboxes", "aliases", "maxquota", "quota"]

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
class MailboxAdmin(MailboxList, DeedAdmin):
    form = MailboxForm
    fields = ["name", "quota", "active", "new_password1", "new_password2"]

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
class AliasAdmin(AliasList, DeedAdmin):
    form = AliasForm
    fields = ["goto", "active"]

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
class AliasDomainAdmin(AliasDomainList, DeedAdmin):
    form = AliasDomainForm
    fields = ["active"]

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
