"""Django's own admin over the mail tables, without any of the panel's pages."""

from django.contrib import admin
from django.urls import path

from mailboxes.models import Alias, Domain, Mailbox

site = admin.AdminSite("stock")


class MailboxAdmin(admin.ModelAdmin):
    list_display = ("username", "name", "quota", "active", "modified")
    list_filter = ("active",)
    search_fields = ("username", "name")


class AliasAdmin(admin.ModelAdmin):
    list_display = ("address", "goto", "active")
    search_fields = ("address", "goto")


site.register(Mailbox, MailboxAdmin)
site.register(Alias, AliasAdmin)
site.register(Domain)
urlpatterns = [path("admin/", site.urls)]
