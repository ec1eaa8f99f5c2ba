package limit

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// maxCgroupLimit is larger than any real limit: "no limit" is written as a number of about this
// size.
const maxCgroupLimit = 1 << 50

// ContainerMemory returns the memory limit of this process's control group in bytes. root is
// the file system of the machine (os.DirFS("/")). ok is false without a limit, and on systems
// without control groups.
func ContainerMemory(root fs.FS) (bytes int64, ok bool) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		var base, file string
		switch {
		case fields[1] == "":
			base, file = "sys/fs/cgroup", "memory.max"
		case strings.Contains(","+fields[1]+",", ",memory,"):
			base, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		if n, found := smallest(root, base, fields[2], file); found && (!ok || n < bytes) {
			bytes, ok = n, true
		}
	}
	return bytes, ok
}

// smallest returns the smallest limit of a group and of all its ancestors. Inside a container
// the group's own path may be missing; then the root is the group.
func smallest(root fs.FS, base, group, file string) (bytes int64, ok bool) {
	for dir := path.Join("/", group); ; dir = path.Dir(dir) {
		text, err := fs.ReadFile(root, path.Join(base, dir, file))
		if err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			if err == nil && n > 0 && n < maxCgroupLimit && (!ok || n < bytes) {
				bytes, ok = n, true
			}
		}
		if dir == "/" {
			return bytes, ok
		}
	}
}
