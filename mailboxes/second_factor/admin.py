"""What allauth adds to the admin is taken out again: it would show secrets."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin

admin.site.unregister([Authenticator, EmailAddress])
