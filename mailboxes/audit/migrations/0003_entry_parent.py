from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_carry_over")]
    operations = [
        migrations.AddField(
            model_name="entry",
            name="parent",
            field=models.BigIntegerField(db_index=True, null=True),
        ),
    ]
