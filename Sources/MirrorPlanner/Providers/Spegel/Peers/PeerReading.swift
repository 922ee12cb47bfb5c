import KubeCore

/// What one peer says of itself, where it says that it is not ready.
package struct PeerReading: Codable, Hashable, Sendable {
    /// Where it was asked.
    package var address: String
    /// Connections to other peers that are open; nil where it does not say.
    package var connections: Int?
    /// Why it could not connect to others, each word once, in ascending order.
    package var dialErrors: [String]
    /// Why it could not be asked; nil where it was.
    package var fault: String?

    package init(address: String, connections: Int? = nil, dialErrors: [String] = [], fault: String? = nil) {
        self.address = address
        self.connections = connections
        self.dialErrors = dialErrors
        self.fault = fault
    }

    /// Reads the page with a peer's metrics, in the text format of Prometheus.
    ///
    /// Their names are those of go-libp2p (`p2p/net/swarm/swarm_metrics.go`): connections that were opened and closed,
    /// and errors of dials by their kind. Spegel has no gauge of its own for its peers (`pkg/metrics/metrics.go`).
    package init(address: String, metrics page: String) {
        var opened: Int?
        var closed = 0
        var errors: Set<String> = []
        for line in page.split(whereSeparator: \.isNewline) where line.hasPrefix("libp2p_swarm_") {
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }), value.isFinite,
                abs(value) < 1e15
            else { continue }
            if line.hasPrefix("libp2p_swarm_connections_opened_total") {
                opened = (opened ?? 0).adding(Int(value))
            } else if line.hasPrefix("libp2p_swarm_connections_closed_total") {
                closed = closed.adding(Int(value))
            } else if line.hasPrefix("libp2p_swarm_dial_errors_total"), value > 0, let error = Self.label("error", line)
            {
                errors.insert(error)
            }
        }
        self.init(
            address: address,
            connections: opened.map { max(0, $0.subtracting(closed)) },
            dialErrors: Array(errors.sorted().prefix(5))
        )
    }

    private static func label(_ name: String, _ line: Substring) -> String? {
        guard let start = line.range(of: "\(name)=\"")?.upperBound, let end = line[start...].firstIndex(of: "\"") else {
            return nil
        }
        // It stands in a condition: one word of a peer's must not be a page.
        return String(line[start..<end].prefix(64))
    }

    /// As a part of a sentence; the same for the same cause, so that it can stand in a status.
    var words: String {
        if let fault { return "\(address): \(fault)" }
        let count =
            switch connections {
            case nil: "it does not say how many connections it has"
            case 0?: "it has no open connection"
            default: "it has open connections"
            }
        return dialErrors.isEmpty ? count : "\(count), and its dials end in \(dialErrors.joined(separator: ", "))"
    }
}

extension StringProtocol {
    fileprivate func range(of text: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
