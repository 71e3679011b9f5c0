from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('roverbook', '0002_roverbook'),
    ]

    operations = [
        # by itself: PostgreSQL changes no table in a transaction that has just written to it
        migrations.RemoveField(
            model_name='notificationsettings',
            name='interview_questions',
        ),
    ]
