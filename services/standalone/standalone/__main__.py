"""`python -m standalone` is `wajah`."""

from standalone.cli import app

if __name__ == "__main__":
    app(prog_name="wajah")
