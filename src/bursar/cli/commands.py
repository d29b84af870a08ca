"""Every command, by name."""

import typer

from bursar.cli import clients, content, declare, enrollments, keys, mail, run_task, serve, token

app = typer.Typer(
    name="bursar",
    help="An open, self-hostable implementation of the edX Enterprise API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serve.demo)
app.command("serve")(serve.serve)
app.command()(serve.worker)
app.command()(declare.apply)
app.command("export")(declare.export)
app.command()(declare.check)
app.command()(run_task.run)
app.command()(token.token)
app.command()(token.audit)
content.app.command("enrollments")(enrollments.enrollments)
app.add_typer(content.app, name="import")
app.add_typer(declare.database_app, name="db")
app.add_typer(clients.app, name="clients")
app.add_typer(keys.app, name="keys")
app.add_typer(mail.app, name="mail")
