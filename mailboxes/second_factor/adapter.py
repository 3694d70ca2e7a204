"""What allauth asks of this panel: names, and the encryption of secrets."""

import base64

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac

from mailboxes.qr_codes import qr_svg


def cipher() -> MultiFernet:
    """Return what encrypts with SECRET_KEY and decrypts with its predecessors, too."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([fernet(key) for key in keys])


def fernet(secret: str | bytes) -> Fernet:
    key = salted_hmac("mailboxes.second_factor", "secrets", secret=secret, algorithm="sha256")
    return Fernet(base64.urlsafe_b64encode(key.digest()))


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The panel's names, encrypted secrets, and a QR code that can be part of a page."""

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher().decrypt(encrypted_text).decode()

    def get_totp_issuer(self) -> str:
        return f"mailadmin {context.request.get_host().partition(':')[0]}"

    def _get_user_identifier(self, user: User) -> str:
        return user.get_username()

    def build_totp_svg(self, url: str) -> str:
        return qr_svg(url)
