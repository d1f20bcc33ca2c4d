"""`push` and `pull`: datasets to and from buckets and web servers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import OutArgument

if TYPE_CHECKING:
    from motionpair.transfer import Moved

commands = typer.Typer()


@commands.command()
def push(
    out: OutArgument,
    uri: Annotated[str, typer.Argument(help="s3://bucket/path or gs://bucket/path.", metavar="URI")],
    check: Annotated[bool, typer.Option("--check", help="Read and hash all that is there.")] = False,
) -> None:
    """Copy a finished dataset to a bucket, or go on where an earlier push ended.

    What is there as it was sent is not sent again; what was written to since, or was not sent by push, is
    read and hashed, and sent anew if it is wrong. The manifest is sent last. Another server that
    speaks S3 is named by AWS_ENDPOINT_URL, or as s3://bucket/path?endpoint_override=http://host:port.
    """
    from motionpair import transfer
    from pipelines.progress import byte_counter

    with byte_counter("push") as tell:
        moved = transfer.push(out, uri, progress=tell, check=check)
    typer.echo(_line(uri.partition("?")[0], moved))


@commands.command()
def pull(
    uri: Annotated[
        str,
        typer.Argument(
            help="s3://bucket/path, gs://bucket/path, https://host/path or a folder.", metavar="URI"
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder to copy it into.", metavar="OUT")],
) -> None:
    """Copy a finished dataset into a folder, or go on where an earlier pull ended.

    What is there with the right sha256 is not fetched again, a file that was begun goes on at its next byte,
    and the manifest is written last.
    """
    from motionpair import transfer
    from pipelines.progress import byte_counter

    with byte_counter("pull") as tell:
        moved = transfer.pull(uri, out, progress=tell)
    typer.echo(_line(str(out), moved))


def _line(where: str, moved: Moved) -> str:
    copied = f"{moved.files - moved.kept} copied ({moved.bytes:,} bytes)"
    return f"{where}: whole: {moved.files} files, {copied}, {moved.kept} were there"
