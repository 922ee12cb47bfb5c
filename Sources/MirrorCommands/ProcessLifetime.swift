import ArgumentParser
import Dispatch
import Glibc
import KubeRuntime
import Logging

/// How a process of ours ends: by SIGTERM or SIGINT, which cancel its work, or with the process that started it.
package enum ProcessLifetime {
    /// Whether the sandbox started this process, which then ends with it, however that ends.
    static var isInSandbox: Bool { getenv(Self.sandboxVariable) != nil }

    /// Set by the sandbox for what it starts.
    static let sandboxVariable = "P2PMIRROR_SANDBOX"

    /// Runs the parts of operator or agent until the process is asked to end. It is over within 10 s from then on,
    /// whatever they do.
    ///
    /// - Parameter leave: ends the process where that is due, also after all parts have ended.
    /// - Throws: `ExitCode.failure` after the end of a part, which ends the others and is logged.
    static func run(
        _ parts: [Part],
        logger: Logger,
        leave: @escaping @Sendable () -> Void = { _exit(1) }
    ) async throws {
        let end = ProcessEnd(of: parts, logger: logger, leave: leave)
        try await run(endingWithParent: isInSandbox, whenAsked: { end.begin() }) {
            let ended = await runTogether(parts.map(end.watched)) { ended in
                logger.critical(
                    "A part of the process ended, and so does the process",
                    metadata: ["part": "\(ended.part)", "reason": "\(ended.reason)"]
                )
                end.begin()
            }
            if ended != nil { throw ExitCode.failure }
        }
    }

    /// Runs `body` until it returns, or until the process is asked to end; then `body` is cancelled and waited for.
    ///
    /// - Parameter whenAsked: is told at once that the process is asked to end, on a thread that no task runs on.
    /// - Returns: whether `body` returned, be it by itself or because it takes its cancellation for its proper end;
    ///   false where the cancellation made it throw.
    @discardableResult
    package static func run(
        endingWithParent: Bool = false,
        whenAsked: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        let parent = getppid()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                await Self.terminationSignal(whenAsked)
                return false
            }
            if endingWithParent {
                group.addTask {
                    while getppid() == parent { try await Task.sleep(for: .milliseconds(500)) }
                    whenAsked()
                    return false
                }
            }
            var finished = try await group.next() ?? true
            group.cancelAll()
            guard !finished else { return true }
            // Whatever `body` throws now comes of the cancellation that we asked for.
            while let result = await group.nextResult() {
                if case .success(true) = result { finished = true }
            }
            return finished
        }
    }

    private static func terminationSignal(_ whenAsked: @escaping @Sendable () -> Void) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        // A queue of its own has a thread also where all shared ones are taken.
        let queue = DispatchQueue(label: "signals")
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                whenAsked()
                continuation.yield()
            }
            source.resume()
            return source
        }
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }
}
