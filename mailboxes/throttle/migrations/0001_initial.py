"""The tables; those of django-axes, which counted before, are dropped."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("bucket", models.CharField(max_length=65, primary_key=True, serialize=False)),
                ("attempts", models.IntegerField()),
                ("started", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="KnownClient",
            fields=[
                ("bucket", models.CharField(max_length=65, primary_key=True, serialize=False)),
                ("seen", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.RunSQL("DROP TABLE IF EXISTS axes_accessattemptexpiration", ""),
        migrations.RunSQL("DROP TABLE IF EXISTS axes_accessattempt", ""),
        migrations.RunSQL("DROP TABLE IF EXISTS axes_accessfailurelog", ""),
        migrations.RunSQL("DROP TABLE IF EXISTS axes_accesslog", ""),
    ]
