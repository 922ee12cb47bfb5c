package import KubeCore
package import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A handler of swift-log that writes each record as one line.
package struct StructuredLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let output: LogOutput
    private let now: @Sendable () -> MicroTimestamp

    package init(
        label: String,
        level: Logger.Level = .info,
        format: LogFormat,
        output: LogOutput,
        now: @escaping @Sendable () -> MicroTimestamp = WallClock.now
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.output = output
        self.now = now
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        // The nearest wins: the record's own, the logger's, then what the task carries.
        var fields = metadataProvider?.get() ?? [:]
        fields.merge(metadata) { $1 }
        if let error = event.error { fields["error"] = .string("\(error)") }
        fields.merge(event.metadata ?? [:]) { $1 }
        let record = LogRecord(
            time: now(),
            level: event.level,
            logger: label,
            message: event.message.description,
            metadata: fields
        )
        output.write(record.rendered(format))
    }
}

/// Where log lines go.
package struct LogOutput: Sendable {
    /// Takes one line without its end.
    package var write: @Sendable (String) -> Void

    package init(_ write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    /// Standard error; a reader that reads nothing stops nobody. The lines that are left are written at the process's
    /// end, for as long as a second.
    package static func standardError(
        _ format: LogFormat,
        now: @escaping @Sendable () -> MicroTimestamp = WallClock.now
    ) -> LogOutput {
        let queue = LogQueue(descriptor: STDERR_FILENO) { count in
            let record = LogRecord(
                time: now(),
                level: .warning,
                logger: "log",
                message: "Lines of the log were dropped, for they were not read in time",
                metadata: ["dropped": "\(count)"]
            )
            return record.rendered(format)
        }
        // Without a thread, each line is written by whoever logs it.
        guard queue.start() else { return LogOutput { queue.writeAtOnce($0) } }
        present.withLock { $0 = queue }
        atexit { LogOutput.present.withLock(\.self)?.flush(milliseconds: 1_000) }
        return LogOutput { queue.push($0) }
    }

    private static let present = Mutex<LogQueue?>(nil)
}
