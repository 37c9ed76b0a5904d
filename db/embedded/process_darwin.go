package embedded

import "syscall"

// maxSocketPath is the room in sockaddr_un less the byte that ends it.
const maxSocketPath = 103

// tie does nothing: macOS has no signal for a parent's death. A postgres whose
// supervisor was killed is ended by the owner, or by the next owner of the
// folder (layout.endOrphan).
func tie(*syscall.SysProcAttr, syscall.Signal) {}

// alive tells whether a process runs.
func alive(pid int) bool { return signalable(pid) }
