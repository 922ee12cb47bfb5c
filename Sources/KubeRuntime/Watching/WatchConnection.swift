import KubeCore
import Synchronization

private let longLine = 1 << 19
private let longLines = Mutex(())

/// The events of one open watch, cut out of its byte stream.
struct WatchConnection<Object: KubeObject> {
    enum Item {
        case event(WatchEvent<Object>)
        case unreadable(UnreadableEvent, KubeError)
        /// Nothing came within the limit; the watch is still open.
        case silence
        /// The reader is wanted for something else; the watch is still open.
        case interrupted
        case end
    }

    /// An object has 3 MiB at most; a stream without line ends must not fill the memory.
    private static var lineLimit: Int { 4 << 20 }

    private let inbox: WatchInbox
    private var splitter = LineSplitter()
    /// Lines that came and were not asked for yet, last first.
    private var lines: [[UInt8]] = []

    /// - Parameter wake: notified by whatever comes.
    init(_ stream: KubeResponseStream, wake: Broadcast) {
        inbox = WatchInbox(stream, wake: wake)
    }

    func close() {
        inbox.close()
    }

    /// The next event, or what else ended the wait.
    ///
    /// - Parameters:
    ///   - limit: the longest time in which nothing at all comes.
    ///   - isInterrupted: asked whenever the connection's broadcast is notified.
    /// - Throws: what the stream throws, and `cancelled`.
    mutating func next(
        within limit: Duration,
        on time: MonotonicTime,
        isInterrupted: () -> Bool
    ) async throws(KubeError) -> Item {
        var deadline = time.now + limit
        while lines.isEmpty {
            let seen = inbox.wake.generation
            if let chunk = inbox.take() {
                guard let chunk = try chunk.get() else { return last() }
                lines = splitter.push(chunk).reversed()
                guard splitter.buffered <= Self.lineLimit else {
                    let message = "an event of the watch is longer than \(Self.lineLimit) bytes"
                    throw KubeError(.tooLarge, message)
                }
                deadline = time.now + limit
                continue
            }
            if isInterrupted() { return .interrupted }
            let left = deadline - time.now
            guard left > .zero else { return .silence }
            await inbox.wake.wait(past: seen, upTo: left, on: time)
            if Task.isCancelled { throw KubeError(.cancelled, "the reader of the watch was cancelled") }
        }
        return try item(lines.removeLast())
    }

    /// A rest without its line end is an event where it is whole; a torn one is sent again by the next watch.
    private mutating func last() -> Item {
        guard let rest = splitter.finish(), let item = try? item(rest) else { return .end }
        return item
    }

    /// Long lines are read one after the other: each may need much of the memory that there is for all of them.
    private func item(_ line: [UInt8]) throws(KubeError) -> Item {
        guard line.count > longLine else { return try read(line) }
        var result: Result<Item, KubeError>?
        longLines.withLock { _ in
            do throws(KubeError) { result = .success(try read(line)) } catch { result = .failure(error) }
        }
        return try result?.get() ?? .end
    }

    private func read(_ line: [UInt8]) throws(KubeError) -> Item {
        switch try JSONCoding.decode(WatchLine<Object>.self, from: line) {
        case .event(let event): .event(event)
        case .unreadable(let event, let error): .unreadable(event, error)
        }
    }
}

/// What stands on one line, read in one pass.
private enum WatchLine<Object: KubeObject>: Decodable {
    case event(WatchEvent<Object>)
    case unreadable(UnreadableEvent, KubeError)

    init(from decoder: any Decoder) throws {
        do {
            self = .event(try WatchEvent(from: decoder))
        } catch {
            guard let event = try? UnreadableEvent(from: decoder) else { throw error }
            self = .unreadable(event, JSONCoding.fault(error, of: WatchEvent<Object>.self))
        }
    }
}

/// The piece of a stream that comes next. It is waited for by a task of its own, since a reader that is cancelled would
/// end the stream, and one that has only waited long enough must not.
private final class WatchInbox: Sendable {
    typealias Chunk = Result<[UInt8]?, KubeError>

    private struct State {
        var chunk: Chunk?
        var task: Task<Void, Never>?
    }

    let wake: Broadcast
    private let stream: KubeResponseStream
    private let state = Mutex(State())

    init(_ stream: KubeResponseStream, wake: Broadcast) {
        self.stream = stream
        self.wake = wake
    }

    /// The piece, where it is there; else it is sent for.
    func take() -> Chunk? {
        state.withLock { state in
            if let chunk = state.chunk.take() { return chunk }
            if state.task == nil { state.task = Task { await self.fetch() } }
            return nil
        }
    }

    private func fetch() async {
        let chunk: Chunk
        do throws(KubeError) { chunk = .success(try await stream.nextChunk()) } catch { chunk = .failure(error) }
        state.withLock { $0 = State(chunk: chunk) }
        wake.notify()
    }

    func close() {
        stream.cancel()
        state.withLock(\.task)?.cancel()
    }
}
