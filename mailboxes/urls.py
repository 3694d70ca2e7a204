"""The URLs of the app's pages."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from mailboxes.views import (
    administrator_password,
    adoption,
    changes,
    configuration,
    dashboard,
    doctor,
    export,
    first_steps,
    home,
    imports,
    log,
    mail_programs,
    metrics,
    password,
    search,
    sign_in,
    upgrade,
)

admin_view = admin.site.admin_view
AUTOCONFIG = r"(?:\.well-known/autoconfig/)?mail"
AUTODISCOVER = "[Aa]uto[Dd]iscover/[Aa]uto[Dd]iscover"

urlpatterns = [
    path("", home.home, name="home"),
    path("password/", password.change_password, name="change-password"),
    path("password/check/", password.password_check, name="password-check"),
    path("password/kept/", password.password_kept, name="password-kept"),
    path("password/changed/", password.password_changed, name="password-changed"),
    path("metrics", metrics.show_metrics, name="metrics"),
    path("mail-programs/", mail_programs.mail_programs, name="mail-programs"),
    path("mail-programs/apple/", mail_programs.apple, name="apple-profile"),
    # The addresses at which mail programs ask; Outlook's versions differ in capital letters.
    re_path(rf"^{AUTOCONFIG}/config-v1\.1\.xml$", mail_programs.autoconfig, name="autoconfig"),
    re_path(rf"^{AUTODISCOVER}\.xml$", mail_programs.autodiscover, name="autodiscover"),
    re_path(
        rf"^{AUTODISCOVER}\.json(?:/v1\.0/[^/]+)?$",
        mail_programs.autodiscover_json,
        name="autodiscover-json",
    ),
    path("admin/", admin_view(dashboard.dashboard), name="dashboard"),
    re_path("^admin/(?:mailboxes|auth)/$", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/login/", sign_in.sign_in, name="sign-in"),  # the admin's own URL, which comes later
    path(
        "admin/password_change/",
        admin_view(administrator_password.change_own_password),
        name="own-password",
    ),
    path("admin/", include("mailboxes.second_factor.urls")),
    path("admin/import/", admin_view(imports.import_page), name="import"),
    path("admin/import/undo/", admin_view(imports.undo_import), name="import-undo"),
    path("admin/import/<int:pk>/", admin_view(imports.import_one), name="import-one"),
    path("admin/import/<int:pk>/report/", admin_view(imports.import_report), name="import-report"),
    path("admin/export/", admin_view(export.export), name="export"),
    path("admin/doctor/", admin_view(doctor.doctor), name="doctor"),
    path("admin/doctor/log/", admin_view(doctor.doctor_log), name="doctor-log"),
    path("admin/first-steps/", admin_view(first_steps.first_steps), name="first-steps"),
    path("admin/search/", admin_view(search.search_all), name="search"),
    path("admin/search/targets/", admin_view(search.suggest_targets), name="suggest-targets"),
    path("admin/log/", admin_view(log.log), name="log"),
    path("admin/log/undo/", admin_view(changes.undo_change), name="undo-change"),
    path("admin/log/<int:pk>/", admin_view(changes.change_report), name="change-report"),
    path("admin/configuration/", admin_view(configuration.configuration), name="configuration"),
    path("admin/configuration/adoption/", admin_view(adoption.adoption), name="adoption"),
    path("admin/configuration/adoption/confirm/", admin_view(adoption.adopt), name="adopt"),
    path("admin/configuration/adoption/forget/", admin_view(adoption.forget), name="forget"),
    path("admin/configuration/upgrade/", admin_view(upgrade.upgrade), name="upgrade"),
    path(
        "admin/configuration/upgrade/csv/",
        admin_view(upgrade.passwords_to_rehash),
        name="passwords-to-rehash",
    ),
    path(
        "admin/configuration/download/",
        admin_view(configuration.download),
        name="configuration-download",
    ),
    path(
        "admin/configuration/applied/",
        admin_view(configuration.applied),
        name="configuration-applied",
    ),
]
