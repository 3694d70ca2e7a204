"""Where the pages are."""

from django.contrib import admin
from django.urls import path, re_path
from django.views.generic import RedirectView

from mailboxes import views

urlpatterns = [
    path("", views.home, name="home"),
    path("password/", views.change_password, name="change-password"),
    path("password/changed/", views.password_changed, name="password-changed"),
    path("admin/", admin.site.admin_view(views.dashboard_page), name="dashboard"),
    re_path("^admin/(?:mailboxes|auth)/$", RedirectView.as_view(pattern_name="admin:index")),
    path(
        "admin/configuration/",
        admin.site.admin_view(views.configuration),
        name="configuration",
    ),
    path(
        "admin/configuration/moving/",
        admin.site.admin_view(views.moving_house),
        name="moving",
    ),
    path(
        "admin/configuration/download/",
        admin.site.admin_view(views.download),
        name="configuration-download",
    ),
]
