"""Django's permissions, answered from an administrator's role."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from mailboxes.access.grants import scope_of
from mailboxes.password_hashers import PREFIX, split
from mailboxes.passwords.recomputing import recompute

DJANGO_VERBS = {"add": "create"}
DJANGO_MODELS = {"user": "administrator"}


class RoleBackend(ModelBackend):
    """Signs administrators in; single permissions and groups have no effect."""

    def authenticate(
        self, request: Any, username: Any = None, password: Any = None, **kwargs: Any
    ) -> Any:
        """Let every name cost as much as one that was taken over and hasn't signed in yet."""
        users = User.objects.filter(password__startswith=PREFIX).order_by("-is_active")
        wrapped = dict(users.values_list("username", "password"))
        if wrapped and username not in wrapped and password is not None:
            setting, _ = split(next(iter(wrapped.values())))
            recompute(password, setting)
        return super().authenticate(request, username, password, **kwargs)

    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        """Say whether the role allows it in some domain; the queries and actions do the rest."""
        verb, _, model = perm.rpartition(".")[2].partition("_")
        action = f"{DJANGO_MODELS.get(model, model)}.{DJANGO_VERBS.get(verb, verb)}"
        return scope_of(user_obj).allows(action)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return bool(scope_of(user_obj).actions)

    def get_all_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        return set()

    def get_user_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: User | Any, obj: object = None) -> set[str]:
        return set()
