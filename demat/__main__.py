"""``python -m demat``."""

from demat.cli.main import main

if __name__ == "__main__":
    main()
