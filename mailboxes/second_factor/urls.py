"""The URLs of signing in and of second factors, all below /admin/."""

from django.contrib import admin
from django.urls import path

from mailboxes.second_factor import confirm, pages, sign_in

admin_view = admin.site.admin_view

urlpatterns = [
    path("login/code/", sign_in.sign_in_code, name="sign-in-code"),
    path("confirm/", admin_view(confirm.confirm), name="confirm"),
    path("second-factor/", admin_view(pages.overview), name="second-factor"),
    path("second-factor/app/", admin_view(pages.add_app), name="second-factor-app"),
    path("second-factor/passkey/", admin_view(pages.add_passkey), name="second-factor-passkey"),
    path("second-factor/<int:pk>/remove/", admin_view(pages.remove), name="second-factor-remove"),
    path("second-factor/recovery-codes/", admin_view(pages.recovery_codes), name="recovery-codes"),
    path(
        "second-factor/recovery-codes/file/",
        admin_view(pages.recovery_codes_file),
        name="recovery-codes-file",
    ),
    path(
        "auth/user/<int:pk>/second-factor/", admin_view(confirm.reset), name="second-factor-reset"
    ),
]
