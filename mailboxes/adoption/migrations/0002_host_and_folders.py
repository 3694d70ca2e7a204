"""The mark has the database's server, and room for any form of folder."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("adoption", "0001_initial")]

    operations = [
        migrations.AddField(
            "adoption", "host", models.CharField(blank=True, default="", max_length=255)
        ),
        migrations.AlterField("adoption", "folder_form", models.CharField(max_length=255)),
    ]
