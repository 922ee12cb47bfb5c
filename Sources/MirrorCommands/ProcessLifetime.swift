import Dispatch
import Glibc

/// How a process of ours ends: by SIGTERM or SIGINT, which cancel its work, or with the process that started it.
enum ProcessLifetime {
    /// Whether the sandbox started this process, which then ends with it, however that ends.
    static var isInSandbox: Bool { getenv(Self.sandboxVariable) != nil }

    /// Set by the sandbox for what it starts.
    static let sandboxVariable = "P2PMIRROR_SANDBOX"

    /// Runs `body` until it returns, or until the process is asked to end; then `body` is cancelled and waited for.
    ///
    /// - Returns: whether `body` returned, be it by itself or because it takes its cancellation for its proper end;
    ///   false where the cancellation made it throw.
    @discardableResult
    static func run(
        endingWithParent: Bool = false,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        let parent = getppid()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                await Self.terminationSignal()
                return false
            }
            if endingWithParent {
                group.addTask {
                    while getppid() == parent { try await Task.sleep(for: .milliseconds(500)) }
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

    private static func terminationSignal() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }
}
