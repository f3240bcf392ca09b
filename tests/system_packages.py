"""System packages the tests need: says what to install; with CI=true a missing one fails the run."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys


def chromium_path() -> str | None:
    """Path of a Chromium or Chrome executable, None when there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def has_chinese_font() -> bool:
    """True when fontconfig knows a font that covers Chinese."""
    if not shutil.which("fc-list"):
        return False
    listing = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
    return bool(listing.stdout.strip())


def missing_packages() -> dict[str, str]:
    """Debian package -> what is skipped without it."""
    missing = {}
    if chromium_path() is None:
        missing["chromium"] = "browser tests"
    if not has_chinese_font():
        missing["fonts-noto-cjk"] = "screenshots and PDF with Chinese text"
    if ctypes.util.find_library("pango-1.0") is None or ctypes.util.find_library("pangoft2-1.0") is None:
        missing["libpango-1.0-0 libpangoft2-1.0-0"] = "PDF reports"
    return missing


def main() -> int:
    missing = missing_packages()
    if not missing:
        return 0
    for package, use in missing.items():
        sys.stderr.write(f"Missing system package: {package} ({use} skipped). Install: apt-get install {package}\n")
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
