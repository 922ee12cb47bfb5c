package import KubeCore
package import KubeRuntime
import MirrorAPI
package import MirrorPlanner
import Synchronization

/// Asks peers that have found nobody for what they say about it: their metrics.
///
/// A few of them, seldom, and only while they are not ready: a fleet that is well is never asked.
package final class PeerInspector: Sendable {
    /// How many peers of a mirror are asked: the first ones show what is wrong with the others.
    static let limit = 3
    /// How long an answer is good.
    static let period = Duration.seconds(30)
    /// How long all of an answer may take; a reconcile waits for it.
    static let timeout = Duration.seconds(1)
    /// A page of metrics has about 100 KiB.
    package static let pageLimit = 4 << 20

    private let connect: @Sendable (String) throws(KubeError) -> any Transport
    private let time: MonotonicTime
    private let answers = Mutex<[String: (at: Duration, reading: PeerReading)]>([:])

    /// - Parameter connect: makes a client of the server at that URL.
    package init(_ connect: @escaping @Sendable (String) throws(KubeError) -> any Transport, time: MonotonicTime) {
        self.connect = connect
        self.time = time
    }

    /// What the first peers that have found nobody say, by node.
    package func readings(of fleet: SpegelFleet) async -> [String: PeerReading] {
        let lost = fleet.lostPeers.prefix(Self.limit)
        let known = Set(lost.compactMap { $0.pod?.metadata.uid })
        // Of a pod that is gone nothing is kept.
        let prefix = "\(fleet.mirror.metadata.name)/"
        answers.withLock { answers in
            answers = answers.filter {
                !$0.key.hasPrefix(prefix) || known.contains(String($0.key.dropFirst(prefix.count)))
            }
        }
        return await withTaskGroup(of: (String, PeerReading?).self) { group in
            for place in lost {
                guard let uid = place.pod?.metadata.uid, let host = place.pod?.addresses.first else { continue }
                group.addTask { (place.name, await self.reading("\(prefix)\(uid)", host, fleet.metricsPort)) }
            }
            var readings: [String: PeerReading] = [:]
            for await (node, reading) in group { readings[node] = reading }
            return readings
        }
    }

    private func reading(_ key: String, _ host: String, _ port: Int) async -> PeerReading {
        let now = time.now
        if let known = answers.withLock({ $0[key] }), now - known.at < Self.period { return known.reading }
        let authority = host.contains(":") ? "[\(host)]" : host
        let url = "http://\(authority):\(port)"
        let reading: PeerReading
        do throws(KubeError) {
            let request = KubeRequest(.get, "/metrics", timeout: Self.timeout)
            let response = try await connect(url).send(request)
            reading =
                response.status == 200
                ? PeerReading(address: "\(url)/metrics", metrics: String(decoding: response.body, as: UTF8.self))
                : PeerReading(address: "\(url)/metrics", fault: "HTTP status \(response.status)")
        } catch {
            reading = PeerReading(address: "\(url)/metrics", fault: Self.words(for: error))
        }
        answers.withLock { $0[key] = (now, reading) }
        return reading
    }

    /// The same for the same cause: it stands in a condition, and how many milliseconds it took would make a new one.
    private static func words(for error: KubeError) -> String {
        switch error.code {
        case .timeout: "no answer within \(timeout.components.seconds) s"
        case .connection: "no connection could be made"
        default: error.message
        }
    }
}
