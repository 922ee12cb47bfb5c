import KubeCore

/// Waits that follow from times in Dragonfly's own code, and how often daemons are asked.
///
/// In the sandbox the daemons' time goes faster, and the operator's waits for it with it; p2pmirror itself knows no
/// other factor than 1.
package struct DragonflyTiming: Hashable, Sendable {
    /// How much faster than in the world the daemons' time goes.
    package let factor: Int

    package init(factor: Int = 1) { self.factor = factor.bounded(to: 1...1_000) }

    private func scaled(_ seconds: Int, atLeast least: Int) -> Int { max(least, (seconds + factor - 1) / factor) }

    /// How often schedulers ask which seeds are well, and how long each may take to answer: dragonflyoss/dragonfly
    /// `scheduler/resource/standard/seed_peer.go`.
    private var ringSeconds: Int { scaled(30, atLeast: 1) }
    private var ringTimeoutSeconds: Int { scaled(2, atLeast: 1) }

    /// So long after a quarantine no scheduler gives the seed a task: each has looked, and waited for every seed that
    /// is silent.
    package func ringDelay(_ seeds: Int) -> Int {
        ringSeconds.adding(ringTimeoutSeconds.multiplied(by: seeds)).adding(scaled(5, atLeast: 2))
    }

    /// So long after it is made a NetworkPolicy holds on every node, on a network that enforces any.
    var enforcementSeconds: Int { scaled(30, atLeast: 3) }

    /// So long a fault lasts before it is told: a pod that is replaced is still Ready for a moment, and answers no
    /// more.
    var settlingSeconds: Int { scaled(10, atLeast: 2) }

    /// No watch tells what daemons know: they are asked again so often at least, and twice as often while one of them
    /// does not answer or is out of the set.
    package var lookSeconds: Int { scaled(10, atLeast: 2) }

    /// How long an answer of a daemon is good, and what was read of the API beside the watches.
    package var answerPeriod: Duration { max(.seconds(4) / factor, .milliseconds(500)) }
    package var readingPeriod: Duration { max(.seconds(10) / factor, .seconds(1)) }
}
