import KubeCore
import Synchronization

/// Looks again and again at how many pods of Spegel are ready, and keeps the fewest.
final class ReadyWatch: Sendable {
    private let trial: SpegelTrial
    private let figures = Mutex<(fewest: Int, looks: Int)>((.max, 0))

    init(_ trial: SpegelTrial) { self.trial = trial }

    var fewest: Int { figures.withLock { $0.fewest } }
    var looks: Int { figures.withLock { $0.looks } }

    func run() async {
        while !Task.isCancelled {
            if let pods = try? await trial.pods(component: "spegel") {
                let ready = pods.count { $0.isReadyPod && !$0.isDeleting }
                figures.withLock { $0 = (min($0.fewest, ready), $0.looks + 1) }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
