"""The panel itself: its version, the file of its settings, and its secret keys."""

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings


@cache
def version() -> str:
    """Return the panel's own version; pyproject.toml is the one place where it is written.

    It needs no settings, so that a panel with invalid ones can say it, too.
    """
    found = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    return str(found["project"]["version"])


def env_file() -> Path:
    """Return the file that the settings were read from; it needn't exist."""
    # A package has a link there, which must stay one.
    return Path(os.environ.get("ENV_FILE") or settings.BASE_DIR / ".env").resolve()


def secret_keys() -> list[str]:
    """Return SECRET_KEY and its predecessors."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def use_secret_key(values: Mapping[str, str]) -> None:
    """Use the keys of settings that were written just now, until this process ends."""
    settings.SECRET_KEY = values["SECRET_KEY"]
    fallbacks = values.get("SECRET_KEY_FALLBACKS", "")
    settings.SECRET_KEY_FALLBACKS = [key for key in fallbacks.split(",") if key]
