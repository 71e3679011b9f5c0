"""Django settings, computed from `rover_site.conf`. One file for every environment."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rover_site import conf as rover_conf
from rover_site.databases import database
from rover_site.logs import logging_config

ROVER = rover_conf.load()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = False
SECRET_KEY = ROVER.load_secret_key()
_public_host = urlsplit(ROVER.base_url).hostname or ""
ALLOWED_HOSTS = [*ROVER.allowed_hosts, _public_host]
if not ROVER.is_exposed:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]", ".localhost", "testserver"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_q",
    "workspace",
    "tasks",
    "roverbook",
]
MIDDLEWARE = [
    "rover_site.request_ids.request_ids",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "rover_site.headers.content_security_policy",
]
ROOT_URLCONF = "rover_site.urls"
ASGI_APPLICATION = "rover_site.asgi.application"
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
            ]
        },
    }
]

DATABASES = {"default": database(ROVER)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "workspace.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

STATIC_URL = "/static/"
STATIC_ROOT = None  # served straight from the packages that hold them
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ROVER.base_url.startswith("https://")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [ROVER.base_url]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # a batch of 100 URLs of 8 KiB fits, little more does

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["workspace.api.authentication.OwnerTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rover_site.json_only.BoundedJSONParser"],
    "UNICODE_JSON": False,  # a lone surrogate in what a caller sent must not break the answer
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rover_site.json_only.JsonOnly",
    "EXCEPTION_HANDLER": "rover_site.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}

# The queue only wakes a worker; tasks.services.leases says why a lost or doubled message does no harm.
Q_CLUSTER: dict[str, Any] = {
    "name": "rover",
    "workers": ROVER.workers,
    "queue_limit": ROVER.workers,
    "bulk": 1,
    "poll": 0.05,
    "guard_cycle": 0.5,
    "recycle": 200,
    "max_rss": 400_000,
    "timeout": 6 * 3600,
    "retry": 7 * 3600,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "scheduler": False,
    "daemonize_workers": False,  # a batch starts extraction children
    "label": "Queue",
}
Q_CLUSTER |= {"redis": ROVER.redis_url} if ROVER.redis_url else {"orm": "default"}

HEALTH_REPORT = "rover_site.operation.health_report.report"

WEB_READER = "tasks.services.web_reader.read"  # how the workspace reads a page: workspace.io.web
COMPANION = "roverbook.services.companion.RoverBook"  # who remembers for agents: tasks.io.companion
DNS_SERVERS: list[str] = []  # "ip:port" each; none: those of the system

LOGGING = logging_config(ROVER)
