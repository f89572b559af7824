#!/usr/bin/env python3
"""Writes a C++ source with the files of the web page (src/server/http/assets.h).

usage: embed_assets.py WEB_FOLDER OUTPUT.cc

Everything under the folder is taken, but for its tests/, node_modules/, hidden files, Markdown and package files.
"""
import hashlib
import pathlib
import sys

MIME_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
}
SKIPPED_FOLDERS = {"tests", "test", "node_modules"}
SKIPPED_FILES = {"package.json", "package-lock.json", "eslint.config.js", "tsconfig.json", "jsconfig.json"}


def wanted(path, root):
    parts = path.relative_to(root).parts
    if any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts):
        return False
    return path.is_file() and path.name not in SKIPPED_FILES and path.suffix in MIME_TYPES


def literal(content):
    """Rows of bytes as an initialiser: compilers limit the length of string literals."""
    rows = []
    for start in range(0, len(content), 24):
        rows.append(",".join(str(b if b < 128 else b - 256) for b in content[start:start + 24]))
    return ",\n".join(rows) or "0"


def main():
    root, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = sorted(path for path in root.rglob("*") if wanted(path, root)) if root.is_dir() else []
    files.sort(key=lambda path: path.relative_to(root).as_posix())
    arrays, entries = [], []
    for number, path in enumerate(files):
        content = path.read_bytes()
        etag = hashlib.sha256(content).hexdigest()[:16]
        arrays.append(f"constexpr char kContent{number}[] = {{{literal(content)}}};")
        entries.append(f'    {{"/{path.relative_to(root).as_posix()}", "{MIME_TYPES[path.suffix]}", '
                       f'"\\"{etag}\\"", {{kContent{number}, {len(content)}}}}},')
    table = "\n".join(entries)
    body = (f"constexpr Asset kAssets[] = {{\n{table}\n}};\n\n}}  // namespace\n\n"
            "std::span<const Asset> assets() { return kAssets; }") if files else \
        "}  // namespace\n\nstd::span<const Asset> assets() { return {}; }"
    text = "\n".join(["// Made by tools/embed_assets.py.", '#include "server/http/assets.h"', "",
                      "namespace tidewire::server {", "namespace {", "", *arrays, "", body, "",
                      "}  // namespace tidewire::server", ""])
    if not output.exists() or output.read_text() != text:
        output.write_text(text)


if __name__ == "__main__":
    main()
