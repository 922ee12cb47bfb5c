/// Something that works until its task is cancelled, one of several that make up a process.
public struct Part: Sendable {
    /// As a log line names it.
    public var name: String
    /// Its work; it must end by a cancellation only.
    public var run: @Sendable () async throws -> Void

    /// Creates a part.
    public init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// The end of a part that was not told to end.
public struct PartEnd: Hashable, Sendable {
    /// The part's name.
    public var part: String
    /// The error that ended it, or that there was none.
    public var reason: String

    /// Creates an end.
    public init(part: String, reason: String) {
        self.part = part
        self.reason = reason
    }
}

/// Runs parts at once, until the task is cancelled or one of them ends; then the others are cancelled and awaited.
///
/// So no process goes on with half of what it is made of.
///
/// - Parameter ended: is told of the first end at once, for the others may take their time.
/// - Returns: the part that ended by itself; nil after a cancellation.
@discardableResult
public func runTogether(_ parts: [Part], ended: @Sendable (PartEnd) -> Void = { _ in }) async -> PartEnd? {
    await withTaskGroup(of: PartEnd.self) { group in
        for part in parts {
            group.addTask {
                do {
                    try await part.run()
                    return PartEnd(part: part.name, reason: "it ended without an error")
                } catch {
                    return PartEnd(part: part.name, reason: "\(error)")
                }
            }
        }
        let first = await group.next()
        // Whatever ends after a cancellation ends because of it.
        let end = Task.isCancelled ? nil : first
        if let end { ended(end) }
        group.cancelAll()
        await group.waitForAll()
        return end
    }
}
