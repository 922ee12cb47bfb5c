import KubeCore
import MirrorAPI

/// The condition `PeersConnected`: whether every peer has found others, and else who has not, where it is, and what it
/// or those that it is sent to answer.
struct PeerConnections {
    private let fleet: SpegelFleet
    private let evidence: SeedEvidence?

    init(_ fleet: SpegelFleet, _ evidence: SeedEvidence?) {
        self.fleet = fleet
        self.evidence = evidence
    }

    var condition: (Condition.Status, Verdict) {
        let peers = fleet.places.filter { $0.pod != nil && $0.pod?.isDeleting == false }
        guard !peers.isEmpty else { return (.unknown, Verdict(.noPods, "There is no peer yet\(fleet.refusal)")) }
        let lost = peers.filter { $0.pod?.isReady == false }
        guard !lost.isEmpty else { return (.true, connected(peers)) }
        if peers.count == 1, fleet.places.count == 1 || peers[0].isYoung(at: fleet.now) {
            return (.unknown, alone(peers[0]))
        }
        let late = fleet.lostPeers
        guard let first = late.first ?? lost.first else { return (.true, connected(peers)) }
        if late.isEmpty {
            let message =
                "\(Self.part(lost.count, of: peers.count)) "
                + "\(Sentences.form(lost.count, "is starting and looks", "are starting and look")) for others: "
                + Sentences.list(lost.map(\.name))
            return (.unknown, Verdict(.starting, message))
        }
        let message =
            "\(Self.part(late.count, of: peers.count)) \(Sentences.form(late.count, "has", "have")) found nobody: "
            + "\(Sentences.list(late.map(\.name))). "
            + "\(words(first))\(handedOut(for: first))"
        return (.false, Verdict(.noPeersFound, message))
    }

    private static func part(_ count: Int, of all: Int) -> String {
        "\(count) of \(Sentences.count(all, "peer", "peers"))"
    }

    private func connected(_ peers: [SpegelFleet.Place]) -> Verdict {
        Verdict(.connected, peers.count == 1 ? "The only peer is ready" : "All \(peers.count) peers have found others")
    }

    /// One that can't become ready alone is no failure.
    private func alone(_ place: SpegelFleet.Place) -> Verdict {
        let version = fleet.version ?? "Spegel"
        let why =
            fleet.version.flatMap { SpegelVersion($0) }?.isReadyAlone == false
            ? "with \(version) it becomes ready once there is a second one, and is started again every three minutes "
                + "until then"
            : "it is starting"
        return Verdict(.starting, "\(place.name) is the only peer: \(why)")
    }

    /// The peer, its address, and its own answer.
    private func words(_ place: SpegelFleet.Place) -> String {
        let address = place.pod?.addresses.first ?? "no address yet"
        let answers = probes(of: place).compactMap { probe in probe.lastError.map { "\(probe.target): \($0)" } }
        let pod = place.pod.flatMap { PodReading([$0]) }?.message ?? ""
        let answer = answers.isEmpty ? pod : answers.joined(separator: "; ")
        let own = fleet.evidence.peers[place.name].map { "; \($0.words)" } ?? ""
        return "\(place.name) (\(address)): \(answer.prefix(300))\(own)"
    }

    /// Whom the bootstrap Service sends it to: the three lowest addresses of the first family, and what they answer.
    private func handedOut(for place: SpegelFleet.Place) -> String {
        let published = fleet.places.compactMap { other -> (address: String, place: SpegelFleet.Place)? in
            guard let pod = other.pod, pod.metadata.labels[LabelKey.candidate] != "false",
                let address = pod.addresses.first
            else { return nil }
            return (address, other)
        }
        let asked = published.sorted { AddressOrder.isLower($0.address, $1.address) }.prefix(3)
        guard !asked.isEmpty else { return "; the bootstrap Service hands out nobody" }
        let list = asked.map { entry in
            let error = probes(of: entry.place).compactMap(\.lastError).first
            let state = error ?? (entry.place.pod?.isReady == true ? "ready" : "not ready")
            return "\(entry.place.name) \(entry.address) (\(state.prefix(120)))"
        }
        return "; the bootstrap Service sends it to \(list.joined(separator: ", "))"
    }

    private func probes(of place: SpegelFleet.Place) -> [ProbeReading] { evidence?.probes[place.name] ?? [] }
}

extension SpegelFleet.Place {
    /// Whether it has never been ready, and has not had the time yet that its startup probe gives it.
    func isYoung(at now: Timestamp) -> Bool {
        guard let begin = pod?.metadata.creationTimestamp else { return true }
        if pod?.hasFallen == true { return false }
        return now - begin < SpegelObjects.startupSeconds
    }
}

/// The order in which Spegel sorts the addresses of a lookup: by value, IPv4 before IPv6 (Go `net/netip`,
/// `Addr.Compare`).
enum AddressOrder {
    static func isLower(_ left: String, _ right: String) -> Bool {
        switch (octets(left), octets(right)) {
        case (let left?, let right?): left.lexicographicallyPrecedes(right)
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left < right
        }
    }

    private static func octets(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return parts.count == 4 && !parts.contains(nil) ? parts.compactMap(\.self) : nil
    }
}
