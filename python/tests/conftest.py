"""`python -m pytest` puts the sources beside this folder before the installed package, which alone has the native part."""

import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent

if not any((SOURCES / "ravine").glob("_native.*so")) and not any((SOURCES / "ravine").glob("_native*.pyd")):
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != SOURCES]
