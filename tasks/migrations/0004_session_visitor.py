from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0003_runtime")]

    operations = [
        migrations.AddField(
            model_name="runtimesession",
            name="visitor",
            field=models.JSONField(default=dict),
        ),
    ]
