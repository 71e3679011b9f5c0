from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "workspace"
    verbose_name = "Administration"

    def ready(self) -> None:
        """Sign-ins go to the audit log from now on."""
        from workspace.services import signin_log

        signin_log.connect()
