import KubeCore

/// A consistent hash over members, as schedulers have of seeds and daemons of schedulers: a member that leaves takes
/// only its own keys with it.
struct HashRing: Hashable, Sendable {
    /// Places that each member has on the circle.
    private static let places = 64

    let members: Set<String>
    private let points: [UInt64]
    private let owners: [String]

    init(_ members: some Sequence<String> = []) {
        self.members = Set(members)
        let all = self.members.flatMap { member in
            (0..<Self.places).map { (Self.hash("\(member)#\($0)"), member) }
        }.sorted { $0 < $1 }
        points = all.map(\.0)
        owners = all.map(\.1)
    }

    var isEmpty: Bool { members.isEmpty }

    /// Whose a key is; nil where there is nobody.
    func member(for key: String) -> String? {
        guard !points.isEmpty else { return nil }
        let hash = Self.hash(key)
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return owners[low == points.count ? 0 : low]
    }

    /// FNV leaves names that differ in their last letter close together; the mixer of SplitMix64 spreads them.
    private static func hash(_ text: String) -> UInt64 {
        var value = StableHash.fnv1a64(text.utf8)
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
