from django.apps import AppConfig


class RoverBookConfig(AppConfig):
    name = "roverbook"
    verbose_name = "RoverBook"
