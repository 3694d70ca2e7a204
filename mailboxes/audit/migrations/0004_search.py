from django.db import migrations, models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

CHANGES = Q(parent=None, phase__in=["begun", "change"])
LISTED = Q(parent=None, phase__in=["begun", "change", "event"])


def find_starts(apps, schema_editor):
    """Note at each object which line of the log stands for its action."""
    Entry, Subject = (apps.get_model("audit", name) for name in ("Entry", "Subject"))
    begun = Entry.objects.filter(pk=OuterRef("begun")).values("parent")
    first = Coalesce("parent", Subquery(begun[:1]), "begun", "seq")
    own = Entry.objects.filter(pk=OuterRef("entry_id")).annotate(first=first).values("first")
    Subject.objects.update(start=Subquery(own[:1]))


def seq_where(condition):
    return models.GeneratedField(
        expression=Case(When(condition, then=F("seq")), default=None),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_entry_parent")]
    operations = [
        migrations.AddField("entry", "listed", seq_where(LISTED)),
        migrations.AddField("entry", "changed", seq_where(CHANGES)),
        migrations.AddField("subject", "start", models.BigIntegerField(default=0)),
        migrations.RunPython(find_starts, migrations.RunPython.noop, elidable=True),
        migrations.AlterField("subject", "start", models.BigIntegerField()),
        *(
            migrations.RemoveIndex("entry", f"audit_{name}")
            for name in ("action", "actor", "client")
        ),
        migrations.RemoveIndex("subject", "audit_domain"),
        *(
            migrations.AddIndex("entry", models.Index(fields=fields, name=name))
            for name, fields in {
                "audit_listed": ["listed"],
                "audit_changed": ["changed"],
                "audit_action": ["action", "listed"],
                "audit_actor": ["actor", "listed"],
                "audit_client": ["client", "listed"],
            }.items()
        ),
        migrations.AddIndex("subject", models.Index(fields=["name", "start"], name="audit_name")),
        migrations.AddIndex(
            "subject", models.Index(fields=["domain", "start"], name="audit_domain")
        ),
    ]
