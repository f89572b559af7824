// Options of the system's UDP sockets that more than one kind of socket here asks for. For the files of src/io.
#pragma once

namespace tidewire::io {

// Nothing is fragmented, neither here nor on the way, and what the system believes of the path counts for nothing.
void forbid_fragments(int fd, int family);

}  // namespace tidewire::io
