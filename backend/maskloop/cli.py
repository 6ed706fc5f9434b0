"""The program `maskloop`: operator commands and the client's, assembled."""

import typer

from maskloop.commands import client, models, people, service

app = typer.Typer(
    name="maskloop",
    help="Label and segment medical images. Not for diagnostic use. Research and annotation only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
service.register(app)
people.register(app)
client.register(app)
models.register(app)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
