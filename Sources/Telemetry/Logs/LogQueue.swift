import Dispatch
import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
    private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Glibc.write($0, $1, $2) }
#elseif canImport(Musl)
    import Musl
    private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Musl.write($0, $1, $2) }
#endif

/// Lines of the log on their way to a descriptor that may take none: a pipe that nobody reads, a terminal that is
/// stopped.
///
/// Whoever logs leaves a line and goes on; a thread of its own writes. The queue is bounded: what comes while it is
/// full is dropped, and counted, and the count is told by the next line that gets through.
package final class LogQueue: Sendable {
    /// Lines that wait at most, and their bytes.
    package static let lineLimit = 4_096
    package static let byteLimit = 4 << 20

    private struct State {
        var lines: [String] = []
        var bytes = 0
        var dropped = 0
        /// Whether the writer has taken lines that are not written yet.
        var isWriting = false
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let describe: @Sendable (Int) -> String
    private let arrived = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - descriptor: where the lines go.
    ///   - describe: the line that says how many were dropped.
    package init(descriptor: Int32, describe: @escaping @Sendable (Int) -> String) {
        self.descriptor = descriptor
        self.describe = describe
    }

    /// Lines that were dropped and not told of.
    package var dropped: Int { state.withLock(\.dropped) }

    /// Starts the writer, which does not end; false where the host gives no thread.
    package func start() -> Bool {
        do throws(KubeError) {
            try ServerThread.start("log") { while true { self.writeNext() } }
            return true
        } catch {
            return false
        }
    }

    /// Leaves a line without its end; returns at once.
    package func push(_ line: String) {
        let size = line.utf8.count
        state.withLock { state in
            guard state.lines.count < Self.lineLimit, state.bytes + size <= Self.byteLimit else {
                state.dropped += 1
                return
            }
            state.lines.append(line)
            state.bytes += size
        }
        arrived.signal()
    }

    /// Writes a line on the thread that calls; for a host that gives none to the queue.
    func writeAtOnce(_ line: String) { state.withLock { _ in write(line) } }

    /// Waits until all lines are written, at most so many milliseconds.
    package func flush(milliseconds: Int) {
        for _ in 0..<max(1, milliseconds / 5) {
            if state.withLock({ $0.lines.isEmpty && !$0.isWriting }) { return }
            usleep(5_000)
        }
    }

    /// Waits for lines and writes them.
    private func writeNext() {
        arrived.wait()
        let (lines, dropped) = state.withLock { state in
            let taken = (state.lines, state.dropped)
            state.isWriting = true
            (state.lines, state.bytes, state.dropped) = ([], 0, 0)
            return taken
        }
        for line in lines { write(line) }
        if dropped > 0 { write(describe(dropped)) }
        state.withLock { $0.isWriting = false }
    }

    private func write(_ line: String) {
        var bytes = Array("\(line)\n".utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                bytes = bytes.dropFirst(written)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: _ = waitUntilWritable()
            // A log that can't be written has nowhere to say so.
            default: return
            }
        }
    }

    private func waitUntilWritable() -> Int32 {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, 1_000)
    }
}
