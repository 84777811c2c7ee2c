#!/usr/bin/env python3
"""Makes the type of pictures as PNG: the letters they need of DejaVu Sans, regular and bold.

    python3 -m venv env && env/bin/pip install fonttools==4.68.0
    env/bin/python tools/vendor/font.py

The faces and their licence are those in matplotlib's wheel, which pip fetches. The same versions give the same bytes.
"""

import hashlib
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

from fontTools import subset

ASSETS = pathlib.Path(__file__).resolve().parents[2] / "crates/ravine-lab/assets"
WHEEL = "matplotlib==3.10.7"
FOLDER = "matplotlib/mpl-data/fonts/ttf/"

# ASCII, Greek, superscripts and subscripts, punctuation, arrows, mathematics, a few shapes.
LETTERS = [
    range(0x20, 0x7F),
    range(0xA0, 0xC0),
    [0xD7, 0xF7],
    range(0x391, 0x3CA),
    [0x3D1, 0x3D5, 0x3F5],
    [0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2032, 0x2033],
    range(0x2070, 0x2095),
    range(0x2190, 0x2199),
    [0x2200, 0x2202, 0x2203, 0x2205, 0x2206, 0x2207, 0x2208, 0x220F, 0x2211, 0x2212, 0x2213, 0x2215, 0x2218, 0x2219],
    [0x221A, 0x221D, 0x221E, 0x2220, 0x2225, 0x222B, 0x223C, 0x2243, 0x2245, 0x2248, 0x2260, 0x2261, 0x2264, 0x2265],
    [0x226A, 0x226B, 0x22C5, 0x25A0, 0x25A1, 0x25B2, 0x25BC, 0x25C6, 0x25CB, 0x25CF, 0x2605, 0x2713, 0x2717],
]


# Accented letters of western Europe: in the regular face alone, which stands in for them in bold.
ACCENTED = range(0xC0, 0x100)


def main():
    with tempfile.TemporaryDirectory() as folder:
        # A wheel of one fixed platform: the fonts are the same in all of them.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version=3.12", "--platform=manylinux2014_x86_64", "--dest", folder, WHEEL]
        subprocess.run(command, check=True)
        wheel = zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl")))
        for name, more in [("DejaVuSans", ACCENTED), ("DejaVuSans-Bold", [])]:
            save(f"{name}.ttf", shrink(wheel.read(f"{FOLDER}{name}.ttf"), [*LETTERS, more]))
        save("LICENSE-DejaVu", wheel.read(f"{FOLDER}LICENSE_DEJAVU"))


def shrink(face, letters):
    options = subset.Options(hinting=False, layout_features=["kern"], notdef_outline=True)
    options.name_IDs = [1, 2, 4, 6]
    options.drop_tables += ["FFTM", "GSUB", "MATH"]
    font = subset.load_font(io.BytesIO(face), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for codes in letters for code in codes])
    subsetter.subset(font)
    out = io.BytesIO()
    subset.save_font(font, out, options)
    return out.getvalue()


def save(name, content):
    (ASSETS / name).write_bytes(content)
    print(f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
