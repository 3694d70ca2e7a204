from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("adoption", "0002_host_and_folders")]

    operations = [
        migrations.CreateModel(
            name="FormerName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("former", models.CharField(max_length=255, db_index=True)),
                ("name", models.CharField(max_length=255)),
            ],
        ),
    ]
