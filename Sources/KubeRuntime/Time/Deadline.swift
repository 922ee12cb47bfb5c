/// Runs `operation` and gives nil where it takes longer than `limit`; it is cancelled then, and awaited.
func withDeadline<Value: Sendable>(
    _ limit: Duration,
    on time: MonotonicTime,
    _ operation: @escaping @Sendable () async -> Value
) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask { await operation() }
        group.addTask {
            try? await time.sleep(for: limit)
            return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        // An operation that ends in the same moment as the limit still counts: its effect has happened.
        if first == nil, let late = await group.next() { return late }
        return first
    }
}
