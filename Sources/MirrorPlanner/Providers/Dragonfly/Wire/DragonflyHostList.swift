package import KubeCore

/// `ListHostsResponse`.
///
/// Whoever reaches a scheduler can announce a host, with any text in it. One that can't be read, that has more text
/// than a host has, or a percentage that is no number, is counted and passed over: it must not hide the others.
package struct DragonflyHostList: Hashable, Sendable, ProtobufMessage {
    /// So many hosts are taken of one answer. Each empty one costs a server two bytes and us some hundreds.
    package static let hostLimit = 200_000
    /// Bytes of the longest text of a host; a DNS name has 253.
    package static let textLimit = 1_024

    package var hosts: [DragonflyHost] = []
    /// How many were passed over.
    package var unreadable = 0

    package init() {}

    package init(_ hosts: [DragonflyHost]) {
        self.hosts = hosts
    }

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        guard field.number == 1, var reader = try field.message() else { return }
        guard hosts.count + unreadable < Self.hostLimit else {
            throw KubeError(.tooLarge, "the answer has more than \(Self.hostLimit) hosts")
        }
        var host = DragonflyHost()
        do throws(KubeError) {
            try host.take(&reader)
        } catch {
            unreadable += 1
            return
        }
        if host.isPlausible { hosts.append(host) } else { unreadable += 1 }
    }

    package func write(to writer: inout ProtobufWriter) {
        for host in hosts { writer.write(1, host) }
    }
}

extension DragonflyHost {
    fileprivate var isPlausible: Bool {
        let texts = [id, hostname, ip, name, build?.gitVersion, build?.gitCommit, network?.idc, network?.location]
        let percentages = [disk?.usedPercent, memory?.usedPercent]
        return texts.allSatisfy { ($0?.utf8.count ?? 0) <= DragonflyHostList.textLimit }
            && percentages.allSatisfy { $0?.isFinite ?? true }
    }
}
