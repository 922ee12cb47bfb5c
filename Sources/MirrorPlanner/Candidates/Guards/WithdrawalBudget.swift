import KubeCore
import MirrorAPI

/// How many seeds may still leave within this minute, reckoned from those that left.
struct WithdrawalBudget {
    private(set) var left: Int
    private var recent: [P2PMirrorStatus.Candidates.Withdrawal]
    private let remembered: [P2PMirrorStatus.Candidates.Withdrawal]?
    private let now: Moment

    init(_ remembered: [P2PMirrorStatus.Candidates.Withdrawal]?, perMinute: Int, _ now: Moment) {
        self.remembered = remembered
        self.now = now
        // What lies in the future is of a clock that was set back.
        recent = (remembered ?? []).filter { $0.at + Self.window > now.passed && $0.at <= now.begins }
        left = max(0, perMinute - recent.reduce(0) { $0.adding(max(0, $1.count)) })
    }

    private static let window = 60

    /// When one more may leave.
    var deadline: Timestamp? { recent.map { $0.at + Self.window }.min() }

    mutating func spend() { left -= 1 }

    /// As it is to be remembered once so many leave now. Nothing changes while none leaves.
    func remembered(afterLeavingOf count: Int) -> [P2PMirrorStatus.Candidates.Withdrawal]? {
        guard count > 0 else { return remembered }
        var next = recent
        if let last = next.indices.last, next[last].at == now.begins {
            next[last].count = next[last].count.adding(count)
        } else {
            next.append(.init(at: now.begins, count: count))
        }
        return next.suffix(60)
    }
}
