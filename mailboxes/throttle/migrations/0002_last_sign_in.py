"""A known client's column says what it holds."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("throttle", "0001_initial")]

    operations = [migrations.RenameField("knownclient", "seen", "last_sign_in")]
