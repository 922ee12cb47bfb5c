import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the kernel counts of a process.
package enum ProcessFigures {
    /// Processor time (user and system) that a process has used since it began, in seconds; nil where it is gone.
    ///
    /// Source: `/proc/PID/stat`, fields 14 and 15, in clock ticks (proc_pid_stat(5)).
    package static func processorSeconds(of pid: Int32) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        return processorTicks(inStat: text).map { Double($0) / Double(sysconf(Int32(_SC_CLK_TCK))) }
    }

    /// The program's name may hold spaces and parentheses: what follows counts from the last one that closes.
    package static func processorTicks(inStat text: String) -> Int? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return nil }
        return user + system
    }
}
