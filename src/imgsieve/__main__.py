"""Lets ``python -m imgsieve`` do what the command ``imgsieve`` does."""

import sys

from imgsieve.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
