import Foundation
import Synchronization

/// The DNS server of a simulated cluster, on a UDP port of loopback.
///
/// Like CoreDNS it remembers an answer for as long as its time to live says: 5 s where the plugin `kubernetes` is not
/// told otherwise; kubeadm sets 30 s.
package final class ClusterDNS: Sendable {
    private struct State {
        var records = ServiceRecords()
        var remembered: [DNSMessage.Question: (answer: DNSMessage.Answer, until: ContinuousClock.Instant)] = [:]
        var isStopped = false
    }

    private let socket: UDPSocket
    private let ttl: UInt32
    private let state = Mutex(State())

    /// - Parameter ttl: seconds for which an answer is remembered.
    /// - Throws: `ScenarioFailure` where no port is to be had.
    package init(ttl: UInt32 = 5) throws {
        self.ttl = ttl
        socket = try UDPSocket(waitingFor: 200)
        Thread.detachNewThread { [self] in serve() }
    }

    /// Where it is asked.
    package var address: String { "127.0.0.1:\(socket.port)" }

    /// Answers from these records from now on, once what is remembered has run out.
    package func update(_ records: ServiceRecords) { state.withLock { $0.records = records } }

    /// Ends the server soon.
    package func stop() { state.withLock { $0.isStopped = true } }

    private func serve() {
        while !state.withLock(\.isStopped) {
            guard let (bytes, port) = socket.receive(), let (id, question) = DNSMessage.question(in: bytes) else {
                continue
            }
            socket.send(DNSMessage.response(id, question, answer(question), ttl: ttl), to: port)
        }
        socket.close()
    }

    private func answer(_ question: DNSMessage.Question) -> DNSMessage.Answer {
        let now = ContinuousClock().now
        return state.withLock { state in
            if let known = state.remembered[question], known.until > now { return known.answer }
            let answer = state.records.answer(question)
            state.remembered[question] = (answer, now + .seconds(Int(ttl)))
            return answer
        }
    }
}
