"""The URL of the page that asks for the password again."""

from django.contrib import admin
from django.urls import path

from mailboxes.second_factor import confirm

urlpatterns = [path("confirm/", admin.site.admin_view(confirm.confirm), name="confirm")]
