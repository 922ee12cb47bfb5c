#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A point in time by the clock of one boot, which goes on while the machine sleeps and which nobody sets.
package struct BootTime: Codable, Hashable, Sendable {
    /// Identity of the boot.
    package var boot: String
    /// Since that boot.
    package var seconds: Int64

    package init(boot: String, seconds: Int64) {
        self.boot = boot
        self.seconds = seconds
    }

    /// Now (clock_gettime(2), `CLOCK_BOOTTIME`; random(4), `boot_id`, the same in every container of a host); nil where
    /// the kernel does not say which boot this is.
    package static func now() -> BootTime? {
        var time = timespec()
        guard clock_gettime(CLOCK_BOOTTIME, &time) == 0, let file = fopen("/proc/sys/kernel/random/boot_id", "re")
        else {
            return nil
        }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = fread(&buffer, 1, buffer.count, file)
        let boot = String(decoding: buffer[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
        return boot.isEmpty ? nil : BootTime(boot: boot, seconds: Int64(time.tv_sec))
    }
}
