#!/usr/bin/env python3
"""Fails when a file of src/ includes a layer that its own layer does not name in its CMakeLists.txt.

usage: check_layers.py SOURCE_DIR LAYER:DEPENDENCY,DEPENDENCY...
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Public headers that are plain values, below every layer. The other ones stand for the layer that implements them.
IMPLEMENTED_BY = {"session.h": "session", "peer_connection.h": "peer"}

TEST_FILES = ("_test.cc", "test_support.h", "_for_test.h")
TEST_FRAMEWORK = ("gtest/", "gmock/")


def closure(layers):
    """A layer may include what it names and whatever those name."""
    reach = {}
    for name, depends in layers.items():
        allowed = {name}
        for dependency in depends:
            if dependency not in reach:
                sys.exit(f"layer {name} depends on {dependency}, which does not come before it")
            allowed |= reach[dependency]
        reach[name] = allowed
    return reach


def layer_of(header, layers):
    first, _, rest = header.partition("/")
    if first == "tidewire":
        return IMPLEMENTED_BY.get(rest)
    return first if first in layers else None


def main():
    source = pathlib.Path(sys.argv[1])
    layers = {}
    for argument in sys.argv[2:]:
        name, _, depends = argument.partition(":")
        layers[name] = [d for d in depends.split(",") if d]
    reach = closure(layers)
    errors = []
    for name in layers:
        for path in sorted((source / "src" / name).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            # A test may drive its machine through the simulated network.
            is_test = path.name.endswith(TEST_FILES)
            extra = {"sim"} if is_test else set()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match or (is_test and match.group(1).startswith(TEST_FRAMEWORK)):
                    continue
                layer = layer_of(match.group(1), layers)
                if layer and layer not in reach[name] | extra:
                    errors.append(f"{path.relative_to(source)}:{number}: includes {match.group(1)}, but {name} may "
                                  f"only include {', '.join(sorted(reach[name]))} (see src/{name}/CMakeLists.txt)")
                if layer is None and not match.group(1).startswith("tidewire/"):
                    errors.append(f"{path.relative_to(source)}:{number}: includes {match.group(1)}; name the layer, "
                                  f"as in \"{name}/{match.group(1)}\"")
    for header in sorted((source / "include").rglob("*.h")):
        for number, line in enumerate(header.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and not match.group(1).startswith("tidewire/"):
                errors.append(f"{header.relative_to(source)}:{number}: a public header includes {match.group(1)}")
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
