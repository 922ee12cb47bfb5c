package import KubeCore
package import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
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
        output: LogOutput = .standardError,
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
        switch format {
        case .json: output.write(record.json())
        case .text: output.write(record.text())
        }
    }
}

/// Where log lines go.
package struct LogOutput: Sendable {
    /// Takes one line without its end.
    package var write: @Sendable (String) -> Void

    package init(_ write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    private static let descriptor = Mutex<Int32>(2)

    /// Standard error, one write for a line where the system allows it; lines of different threads never mix.
    package static let standardError = LogOutput { line in
        var bytes = Array("\(line)\n".utf8)
        descriptor.withLock { descriptor in
            while !bytes.isEmpty {
                let written = bytes.withUnsafeBytes { write_(descriptor, $0.baseAddress, $0.count) }
                // A log that can't be written has nowhere to say so.
                guard written > 0 || errno == EINTR else { return }
                bytes.removeFirst(max(0, written))
            }
        }
    }

    private static func write_(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes, count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes, count)
        #else
            Darwin.write(descriptor, bytes, count)
        #endif
    }
}
