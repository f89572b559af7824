#!/usr/bin/env python3
"""Fails when a document names a file of the tree that does not exist.

usage: check_docs.py SOURCE_DIR
"""
import pathlib
import re
import sys

# `src/ice/agent.h`, `include/tidewire/session.h`, `src/sdp/`: what stands in backquotes and begins with a folder.
NAME = re.compile(r"`((?:src|include|apps|web|tests|tools|docs|bench|fuzz|cmake|examples)/[A-Za-z0-9_./*-]*)`")


def main():
    source = pathlib.Path(sys.argv[1])
    documents = [source / "README.md", source / "CONTRIBUTING.md", *sorted((source / "docs").rglob("*.md"))]
    errors = []
    named = 0
    for document in documents:
        for number, line in enumerate(document.read_text().splitlines(), 1):
            for name in NAME.findall(line):
                named += 1
                found = list(source.glob(name)) if "*" in name else (source / name).exists()
                if not found:
                    errors.append(f"{document.relative_to(source)}:{number}: {name} does not exist")
    if errors:
        sys.exit("\n".join(errors))
    print(f"{named} names of files in {len(documents)} documents are true")


if __name__ == "__main__":
    main()
