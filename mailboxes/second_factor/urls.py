"""The URLs of signing in and of second factors, all below /admin/."""

from django.contrib import admin
from django.urls import path

from mailboxes.second_factor.views import own_factors, reauthenticate, reset, sign_in_code

admin_view = admin.site.admin_view

urlpatterns = [
    path("login/code/", sign_in_code.sign_in_code, name="sign-in-code"),
    path("confirm/", admin_view(reauthenticate.reauthenticate), name="reauthenticate"),
    path("second-factor/", admin_view(own_factors.overview), name="second-factor"),
    path("second-factor/app/", admin_view(own_factors.add_app), name="second-factor-app"),
    path(
        "second-factor/passkey/", admin_view(own_factors.add_passkey), name="second-factor-passkey"
    ),
    path(
        "second-factor/<int:pk>/remove/",
        admin_view(own_factors.remove),
        name="second-factor-remove",
    ),
    path(
        "second-factor/recovery-codes/",
        admin_view(own_factors.recovery_codes),
        name="recovery-codes",
    ),
    path(
        "second-factor/recovery-codes/file/",
        admin_view(own_factors.recovery_codes_file),
        name="recovery-codes-file",
    ),
    path("auth/user/<int:pk>/second-factor/", admin_view(reset.reset), name="second-factor-reset"),
]
