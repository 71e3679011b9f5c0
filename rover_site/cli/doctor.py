"""`rover doctor`: is this installation in order?"""

import json
from dataclasses import asdict

import click

from tasks.cli.exits import ExitCode


@click.command("doctor")
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", "ndjson"]),
    default="human",
    show_default=True,
    help="Lines for people, or one JSON object a line.",
)
def command(form: str) -> int:
    """Check settings, data directory, database and workers. Exits with 1 when something fails."""
    from rover_site.operation.diagnosis import Verdict, examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if form == "ndjson":
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
            continue
        click.echo(f"  {finding.verdict:<5} {finding.check:<15} {finding.message}")
        if finding.fix:
            click.echo(f"{'':<24}Fix: {finding.fix}")
    has_failed = any(finding.verdict is Verdict.FAIL for finding in findings)
    return ExitCode.FAILED if has_failed else ExitCode.OK
