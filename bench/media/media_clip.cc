// Writes the pictures that the peers send to a file.
//
// usage: media_clip FILE
#include <cstdio>

#include "clip.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: media_clip FILE\n");
    return 2;
  }
  tidewire::bench::write_clip(argv[1]);
}
