"""``couture completion``: the script by which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from couture_ops.cli.options import examples


@click.command(
    epilog=examples(
        "couture completion bash > ~/.local/share/bash-completion/completions/couture",
        "couture completion zsh > ~/.zfunc/_couture",
        "couture completion fish > ~/.config/fish/completions/couture.fish",
        'eval "$(couture completion bash)"',
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    The examples show where each shell looks for it.
    """
    completer = get_completion_class(shell)
    assert completer is not None, shell
    root = click.get_current_context().find_root().command
    click.echo(completer(root, {}, "couture", "_COUTURE_COMPLETE").source())
