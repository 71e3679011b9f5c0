from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0004_session_visitor'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='not_before',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
