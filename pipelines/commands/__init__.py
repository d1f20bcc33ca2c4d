"""The commands of the command line, a module a subject.

Each module has `commands`, a `typer.Typer` that `pipelines.cli` adds. Modules import typer and the errors
alone; a command imports what it needs when it runs, so that help is quick.
"""
