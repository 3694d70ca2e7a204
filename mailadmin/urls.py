"""The app's pages, then the admin."""

from django.contrib import admin
from django.urls import include, path

from mailboxes.views.language import set_language

admin.autodiscover()

handler400 = "mailboxes.middleware.bad_request"
handler500 = "mailboxes.middleware.server_error"
urlpatterns = [
    path("", include("mailboxes.urls")),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
