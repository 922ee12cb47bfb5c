import Dispatch
import Glibc

/// How a process of ours ends: by SIGTERM or SIGINT, which cancel its work, or with the process that started it.
enum ProcessLifetime {
    /// Whether the sandbox started this process, which then ends with it, however that ends.
    static var isInSandbox: Bool { getenv(Self.sandboxVariable) != nil }

    /// Set by the sandbox for what it starts.
    static let sandboxVariable = "P2PMIRROR_SANDBOX"

    /// Runs `body` until it returns, or until the process is asked to end; then `body` is cancelled and waited for.
    static func run(endingWithParent: Bool = false, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let parent = getppid()
        try await withThrowingTaskGroup(of: Bool.self) { group in
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
            let finished = try await group.next() ?? true
            group.cancelAll()
            guard !finished else { return }
            // Whatever `body` throws now comes of the cancellation that we asked for.
            while (try? await group.next()) != nil {}
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
