"""The app's pages, then the admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("mailboxes.urls")),
    path("admin/", admin.site.urls),
]
