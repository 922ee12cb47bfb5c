import Synchronization

/// How soon a mirror is reconciled again after a refused precondition: at first soon, since the other writer has just
/// been there and its change is on its way; then ever later, since what refuses for longer is no change on its way.
final class SecondLooks: Sendable {
    static let shortest = Duration.milliseconds(200)
    static let longest = Duration.seconds(30)

    /// Refusals in a row, by mirror.
    private let counts = Mutex<[String: Int]>([:])

    func next(_ mirror: String) -> Duration {
        let count = counts.withLock { counts in
            let count = counts[mirror] ?? 0
            counts[mirror] = count + 1
            return count
        }
        // 200 ms times 2 to the 8th is more than the longest.
        return min(Self.shortest * (1 << min(count, 8)), Self.longest)
    }

    /// A look went through.
    func end(_ mirror: String) {
        counts.withLock { $0[mirror] = nil }
    }
}
