"""A progress bar for what takes long at the first start: preparing a model pack."""

from collections.abc import Iterator
from contextlib import contextmanager

from embedder.default_pack import Progress
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """A function that shows what is being done and how much of it is done; the bar appears with its first call."""
    with Bar(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=console, transient=True) as bar:
        task = bar.add_task("Starting", total=1.0)

        def show(what: str, done: float) -> None:
            bar.update(task, description=what, completed=done)

        yield show
