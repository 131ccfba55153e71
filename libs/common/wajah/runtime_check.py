"""Which of two packages that exclude each other is installed: the CPU and the GPU build of one library share a folder."""

from importlib import metadata


class RuntimeUnfit(Exception):
    """What is installed can't run; the message is one line that says what to do."""


def installed_one_of(*packages: str) -> str:
    """The one of these packages that is installed. Raises RuntimeUnfit for none and for several."""
    found = [package for package in packages if _installed(package)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RuntimeUnfit(f"none of {', '.join(packages)} is installed: install exactly one (the extra `cpu` or `gpu`)")
    raise RuntimeUnfit(
        f"{' and '.join(found)} overwrite each other: uninstall all, then install exactly one (the extra `cpu` or `gpu`)"
    )


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
