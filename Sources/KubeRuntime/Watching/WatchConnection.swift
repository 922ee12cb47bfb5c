import KubeCore

/// The events of one open watch, cut out of its byte stream.
struct WatchConnection<Object: KubeObject> {
    enum Item {
        case event(WatchEvent<Object>)
        case unreadable(UnreadableEvent, KubeError)
        case end
    }

    /// An object may have a few megabytes; a stream without line ends must not fill the memory.
    private static var lineLimit: Int { 32 << 20 }

    private let stream: KubeResponseStream
    private var splitter = LineSplitter()
    /// Lines that came and were not asked for yet, last first.
    private var lines: [[UInt8]] = []

    init(_ stream: KubeResponseStream) {
        self.stream = stream
    }

    func close() {
        stream.cancel()
    }

    mutating func next() async throws(KubeError) -> Item {
        while lines.isEmpty {
            guard let chunk = try await stream.nextChunk() else { return last() }
            lines = splitter.push(chunk).reversed()
            guard splitter.buffered <= Self.lineLimit else {
                throw KubeError(.protocolViolation, "an event of the watch is longer than \(Self.lineLimit) bytes")
            }
        }
        return try item(lines.removeLast())
    }

    /// A rest without its line end is an event where it is whole; a torn one is sent again by the next watch.
    private mutating func last() -> Item {
        guard let rest = splitter.finish(), let item = try? item(rest) else { return .end }
        return item
    }

    private func item(_ line: [UInt8]) throws(KubeError) -> Item {
        do {
            return .event(try WatchEvent(line: line))
        } catch {
            guard let event = try? JSONCoding.decode(UnreadableEvent.self, from: line) else { throw error }
            return .unreadable(event, error)
        }
    }
}
