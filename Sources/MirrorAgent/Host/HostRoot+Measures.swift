#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension HostRoot: HostMeasures {
    /// Bytes of the longest file of the kernel's that is read: `/proc/diskstats` of a host with thousands of disks.
    private static let contentLimit = 1 << 20

    package func content(_ path: String) throws(HostError) -> [UInt8]? {
        try read(path, limit: Self.contentLimit, followingLink: false)
    }

    package func entryCount(_ directory: String) throws(HostError) -> Int? {
        guard let opened = try open(directory: directory, "count") else { return nil }
        // closedir closes what fdopendir was given, so that gets a descriptor of its own.
        let file = dup(opened.value)
        guard let stream = fdopendir(file) else {
            let fault = errno
            close(file)
            throw HostError("count", directory, fault)
        }
        defer { closedir(stream) }
        var count = 0
        errno = 0
        while readdir(stream) != nil { count += 1 }
        guard errno == 0 else { throw HostError("count", directory, errno) }
        return max(0, count - 2)
    }

    package func volume(of directory: String) throws(HostError) -> Volume? {
        guard let opened = try open(directory: directory, "measure") else { return nil }
        var volume = statvfs()
        var status = stat()
        guard fstatvfs(opened.value, &volume) == 0, fstat(opened.value, &status) == 0 else {
            throw HostError("measure", directory, errno)
        }
        let (major, minor) = Self.numbers(of: UInt64(status.st_dev))
        return Volume(
            total: UInt64(volume.f_blocks),
            free: UInt64(volume.f_bfree),
            available: UInt64(volume.f_bavail),
            inodes: UInt64(volume.f_files),
            freeInodes: UInt64(volume.f_ffree),
            major: major,
            minor: minor
        )
    }

    /// glibc's `gnu_dev_major` and `gnu_dev_minor`, which are macros to Swift.
    private static func numbers(of device: UInt64) -> (major: UInt32, minor: UInt32) {
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & ~0xFF
        return (UInt32(truncatingIfNeeded: major), UInt32(truncatingIfNeeded: minor))
    }
}
