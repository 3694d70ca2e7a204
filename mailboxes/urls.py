"""Where the pages are."""

from django.contrib import admin
from django.urls import path

from mailboxes import views

urlpatterns = [
    path("", views.home, name="home"),
    path("password/", views.change_password, name="change-password"),
    path("password/changed/", views.password_changed, name="password-changed"),
    path("admin/", admin.site.admin_view(views.dashboard_page), name="dashboard"),
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
