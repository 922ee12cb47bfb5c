import FlyingFox
import FlyingSocks

/// What waits for the sockets of several listeners of one process.
package struct ListenerPool: Sendable {
    private let pool: any AsyncSocketPool

    package init() async throws {
        pool = HTTPServer.defaultPool()
        try await pool.prepare()
    }

    /// Runs until it is cancelled; nothing is accepted or read meanwhile elsewhere.
    package func run() async { try? await pool.run() }

    /// A listener whose connections this pool waits for.
    ///
    /// - Parameter port: 0 for any that is free.
    package func listen(_ address: String, _ port: UInt16) throws -> GatedListener {
        try GatedListener(address, port, pool: pool)
    }
}
