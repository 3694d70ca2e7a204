"""All settings, read from the environment or from `.env`; deploy/env.example describes them.

ENV_FILE is the path of a file to be used instead of `.env`.
"""

from urllib.parse import unquote

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from mailadmin.environment import (
    BASE_DIR,
    database,
    flag,
    items,
    mail_server,
    positive_number,
    read_file,
    text,
    url_path,
)

read_file()

# Secrets and hosts

SECRET_KEY = text("SECRET_KEY")
SECRET_KEY_FALLBACKS = items("SECRET_KEY_FALLBACKS")
DEBUG = flag("DEBUG", "false")
ALLOWED_HOSTS = items("ALLOWED_HOSTS", "localhost,127.0.0.1")
CSRF_TRUSTED_ORIGINS = items("CSRF_TRUSTED_ORIGINS")

# True behind nginx (deploy/nginx.conf), which sets X-Real-IP and X-Forwarded-Proto. Without it
# these headers come from the client and are ignored.
BEHIND_PROXY = flag("BEHIND_PROXY", "false")

# What Prometheus sends to read /metrics; without it, there is no such page.
METRICS_TOKEN = text("METRICS_TOKEN", "")

# Below a path, another site of the host may have cookies with Django's names.
BASE_PATH = url_path("BASE_PATH")
FORCE_SCRIPT_NAME = BASE_PATH or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{BASE_PATH}/"
if BASE_PATH:
    SESSION_COOKIE_NAME = "mailadmin_session"
    CSRF_COOKIE_NAME = "mailadmin_csrf"
    LANGUAGE_COOKIE_NAME = "mailadmin_language"

# Application

INSTALLED_APPS = [
    "mailboxes",
    "mailboxes.access",
    "mailboxes.adoption",
    "mailboxes.audit",
    "mailboxes.deployment",
    "mailboxes.figures",
    "mailboxes.imports",
    "mailboxes.throttle",
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py loads the pages; commands don't
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "allauth.account",  # allauth.mfa imports its models; none of its pages are used
    "allauth.mfa",
    "mailboxes.second_factor",
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
MIDDLEWARE = [
    "mailboxes.middleware.HealthMiddleware",
    "mailboxes.middleware.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # BREACH guesses the content of a compressed page through requests with its reader's cookies.
    # Ours are SameSite=Strict, the CSRF token is masked differently each time, and lengths vary.
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "mailboxes.middleware.ThrottleMiddleware",
    "mailboxes.middleware.DatabaseUnavailableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mailboxes.views.ended_session.EndedSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "mailboxes.middleware.RoleMiddleware",
    "mailboxes.middleware.PasswordDemandMiddleware",
    "mailboxes.middleware.RefusalMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mailboxes.second_factor.middleware.SecondFactorMiddleware",
]
ROOT_URLCONF = "mailadmin.urls"
WSGI_APPLICATION = "mailadmin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Databases: the panel's own tables, and those that the mail daemons read.
# The mail file must not be in WAL mode: Postfix's proxymap, a reader, dies on it.

DATABASES = {
    "default": database("DATABASE_URL", "sqlite:///var/panel.sqlite3", "WAL"),
    "mail": database("MAIL_DATABASE_URL", "sqlite:///var/mail.sqlite3", "DELETE"),
}
DATABASE_ROUTERS = ["mailadmin.routers.MailRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Administrators and sign-in

AUTHENTICATION_BACKENDS = ["mailboxes.access.backends.RoleBackend"]
# The first one hashes; passwords with another hash get a new one at the next sign-in.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "mailboxes.password_hashers.MailHasher",
]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "mailboxes.password_validation.StrengthValidator"}]
LOGIN_URL = "admin:login"

# Second factors: the tables and the cryptography are allauth's, the pages are our own

ROLES = ("superuser", "domain-administrator", "helpdesk", "auditor")
SECOND_FACTOR_REQUIRED = items("SECOND_FACTOR_REQUIRED")
if unknown := set(SECOND_FACTOR_REQUIRED) - set(ROLES):
    raise ImproperlyConfigured(
        f"SECOND_FACTOR_REQUIRED contains {', '.join(sorted(unknown))}. Use one or more of: "
        f"{', '.join(ROLES)}."
    )
MFA_ADAPTER = "mailboxes.second_factor.adapter.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # also the code before and the one after, for clocks that differ

# The mail host

MAIL_VARIANT = text("MAIL_VARIANT", "v2")
MAIL_RELEASE = text("MAIL_RELEASE", "debian13")
MAIL_PASSWORD_SCHEME = text("MAIL_PASSWORD_SCHEME", "")
MAIL_ALLOW_WEAK_SCHEMES = flag("MAIL_ALLOW_WEAK_SCHEMES", "false")
MAIL_HOSTNAME = text("MAIL_HOSTNAME")
MAIL_TLS_CERT = text("MAIL_TLS_CERT", "")
MAIL_TLS_KEY = text("MAIL_TLS_KEY", "")
MAIL_RECIPIENT_DELIMITER = text("MAIL_RECIPIENT_DELIMITER", "+")
MAIL_POSTMASTER = text("MAIL_POSTMASTER", "")
MAIL_CATCH_ALL_SENDERS = flag("MAIL_CATCH_ALL_SENDERS", "false")
MAIL_REFUSE_FORGED_SENDERS = flag("MAIL_REFUSE_FORGED_SENDERS", "false")
MAIL_POP3 = flag("MAIL_POP3", "false")
MAIL_DB_HOSTS = items("MAIL_DB_HOSTS")
MAIL_DB_TLS = text("MAIL_DB_TLS", "")
MAIL_LOOKUP_USER = text("MAIL_LOOKUP_USER", "mail_lookup")
MAIL_AUTH_USER = text("MAIL_AUTH_USER", "mail_auth")
MAIL_ON_MYSQL = DATABASES["mail"]["ENGINE"].endswith("mysql")
MAIL_LOOKUP_PASSWORD = text("MAIL_LOOKUP_PASSWORD", None if MAIL_ON_MYSQL else "")
MAIL_AUTH_PASSWORD = text("MAIL_AUTH_PASSWORD", None if MAIL_ON_MYSQL else "")
MAIL_HOME = text("MAIL_HOME", "/var/vmail")
MAIL_LOCATION = text("MAIL_LOCATION", "maildir:~")
MAIL_UID = positive_number("MAIL_UID", 5000)
MAIL_GID = positive_number("MAIL_GID", 5000)
DNS_SERVERS = items("DNS_SERVERS")
QUOTA_MULTIPLIER = positive_number("QUOTA_MULTIPLIER", 1024000)

# Mail from the panel: only to those who run the server, about what the doctor finds

ADMINS = [(address, address) for address in items("ADMINS")]
SERVER_EMAIL = text("SERVER_EMAIL", "") or f"mailadmin@{MAIL_HOSTNAME}"
EMAIL_SUBJECT_PREFIX = "[mailadmin] "
EMAIL_TIMEOUT = 10
server = mail_server(text("EMAIL_URL", "smtp://localhost:25"))
EMAIL_HOST, EMAIL_PORT = server.hostname, server.port
EMAIL_HOST_USER = unquote(server.username or "")
EMAIL_HOST_PASSWORD = unquote(server.password or "")
EMAIL_USE_TLS = server.scheme == "smtp+tls"
EMAIL_USE_SSL = server.scheme == "smtp+ssl"

# Language and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = BEHIND_PROXY
LANGUAGE_COOKIE_SAMESITE = "Strict"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["mailadmin.formats"]
TIME_ZONE = "UTC"

# Static files

STATIC_URL = f"{BASE_PATH}/static/"
STATIC_ROOT = (BASE_DIR / text("STATIC_ROOT", "var/static")).resolve()
if BASE_DIR.is_relative_to(STATIC_ROOT):  # WhiteNoise would serve .env and the databases
    raise ImproperlyConfigured(f"STATIC_ROOT is {STATIC_ROOT}; it must be a folder of its own.")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Security

if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_PROXY
CSRF_FAILURE_VIEW = "mailboxes.views.ended_session.refuse_forged"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
# Sessions end much earlier than their cookies, whose presence shows that one has ended.
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_IDLE_MINUTES = positive_number("SESSION_IDLE_MINUTES", 60)
SESSION_HOURS = 8
SECURE_HSTS_SECONDS = 31536000 if BEHIND_PROXY else 0
SECURE_SSL_REDIRECT = BEHIND_PROXY
# The panel can't decide about HSTS for subdomains, or about preloading.
# MariaDB lacks allauth's conditional constraints; second_factor locks the person's row instead.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021", "models.W036"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Uploads are files to import, which may contain passwords: they are kept in memory, never written
# to a temporary file. Larger ones are not read; the form says what the limit is.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# Logging: to standard error, where systemd's journal takes it

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "mailadmin.log_format.LineFormatter",
            "format": "%(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Without Django's own handlers, which format in their own way and log twice under DEBUG.
    "loggers": {"django": {"level": "INFO"}, "django.server": {"level": "INFO", "propagate": True}},
}
