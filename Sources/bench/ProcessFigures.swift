#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What this process has and has used, as Linux tells it.
struct ProcessFigures {
    var threads: Int
    var sockets: Int
    /// Resident memory in KiB: now, and at its peak.
    var memory: Int
    var peakMemory: Int
    /// User and system time since the start.
    var cpu: Duration
    /// How often it gave up a core or lost it.
    var contextSwitches: Int

    static func now() throws -> ProcessFigures {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        func field(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first.flatMap { Int($0) } ?? 0
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessFigures(
            threads: field("Threads"),
            sockets: try countSockets(),
            memory: field("VmRSS"),
            peakMemory: field("VmHWM"),
            cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
            contextSwitches: usage.ru_nvcsw + usage.ru_nivcsw
        )
    }

    private static func countSockets() throws -> Int {
        let files = FileManager.default
        return try files.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
            (try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)"))?.hasPrefix("socket:") == true
        }
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(time.tv_sec) + .microseconds(Int64(time.tv_usec))
    }
}
