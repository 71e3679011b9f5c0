from django.apps import AppConfig


class ReadersConfig(AppConfig):
    name = "rover_site.cli.readers"
    label = "workspace"
    verbose_name = "Workspace, for readers of tasks"
