"""Give each administrator with single permissions the nearest role that isn't larger."""

from django.db import migrations

VIEW = {f"view_{model}" for model in ("domain", "mailbox", "alias", "aliasdomain")}
HELPDESK = VIEW | {"change_mailbox"}
DOMAIN_ADMINISTRATOR = HELPDESK | {
    f"{verb}_{model}" for verb in ("add", "change", "delete") for model in ("mailbox", "alias")
}


def map_permissions(apps, schema_editor):
    if schema_editor.connection.alias != "default":
        return
    User, Permission = apps.get_model("auth", "User"), apps.get_model("auth", "Permission")
    Grant = apps.get_model("access", "Grant")
    for user in User.objects.filter(is_staff=True, is_superuser=False):
        own = Permission.objects.filter(user=user) | Permission.objects.filter(group__user=user)
        codes = set(own.values_list("codename", flat=True))
        role = ""
        if codes >= DOMAIN_ADMINISTRATOR:
            role = "domain"
        elif codes >= HELPDESK:
            role = "helpdesk"
        replaced = ", ".join(sorted(codes)) or "none"
        Grant.objects.create(user=user, role=role, all_domains=bool(role), replaced=replaced)


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(map_permissions, migrations.RunPython.noop)]
