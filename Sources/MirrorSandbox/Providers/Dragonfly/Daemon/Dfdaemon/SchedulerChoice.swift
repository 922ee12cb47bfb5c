/// The schedulers that a daemon knows, and which of them a task belongs to.
///
/// Source: dragonflyoss/client `dragonfly-client/src/grpc/scheduler.rs`: the first five characters of a task's id are
/// hashed over the schedulers that answered last; without any, each call fails.
struct SchedulerChoice: Hashable, Sendable {
    static let none = "available schedulers not found"

    /// Addresses that the settings name, in order.
    private(set) var named: [String] = []
    /// Those that answered at the last look.
    private(set) var available: [String] = []
    private var ring = HashRing()

    init() {}

    /// Takes the result of a look; where nobody answers, what was known stays.
    ///
    /// - Returns: whether the daemon has somebody to ask.
    mutating func refresh(named: [String], available: [String]) -> Bool {
        self.named = named
        guard !available.isEmpty else { return !self.available.isEmpty }
        self.available = available
        ring = HashRing(available)
        return true
    }

    /// The scheduler of a task.
    func scheduler(for task: String) -> String? { ring.member(for: String(task.prefix(5))) }
}
