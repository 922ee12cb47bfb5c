import KubeCore
import MirrorAPI

/// Whether a seed's own clean-up can bring its disk below the mark at which it comes back.
struct DiskAdvice {
    private let fleet: DragonflyFleet
    private let files: DragonflyFiles

    init(_ fleet: DragonflyFleet, _ files: DragonflyFiles) {
        (self.fleet, self.files) = (fleet, files)
    }

    /// A disk that has stayed above the daemon's own mark for longer than the time between its clean-ups: what fills it
    /// is no content that the daemon could let go.
    var filledByOthers: Verdict? {
        guard let file = files.seed, file.gc.distThreshold == nil else { return nil }
        let records = Dictionary(
            (fleet.mirror.status?.seeds ?? []).map { ($0.name, $0.candidate) },
            uniquingKeysWith: { first, _ in first }
        )
        for seed in fleet.seeds {
            guard let used = seed.reading?.metrics?.diskUsedPercent, used >= file.gc.highPercent,
                let begin = records[seed.name].flatMap({ Self.fullSince($0, seed) }),
                Double(fleet.now - begin) > file.gc.interval + Self.margin
            else { continue }
            let evictAt = fleet.mirror.spec.health.disk.evictAtPercent
            let below = evictAt < file.gc.highPercent
            let mark = below ? "; evictAtPercent \(evictAt) is below the daemon's own mark \(file.gc.highPercent)" : ""
            let share = seed.reading?.contentBytes.map { " of which \(Self.gigabytes($0)) GB is this cache" } ?? ""
            let message =
                "\(seed.name) has \(used) % of its file system used\(share), and has been above its own mark of "
                + "\(file.gc.highPercent) % for longer than the \(PeerDiagnosis.seconds(file.gc.interval)) between two "
                + "clean-ups: other data fills it, and clean-up cannot help. Set gc.policy.distThreshold to the space "
                + "that is meant for it, or give it a volume of its own\(mark)"
            return Verdict(.diskFilledByOthers, message)
        }
        return nil
    }

    /// How long a clean-up itself may take, in seconds.
    private static let margin = 60.0

    /// Since when its disk is full. A pod that is younger has cleaned up since, when it started.
    private static func fullSince(_ record: MirrorNodeStatus.Candidate, _ seed: DragonflyFleet.Seed) -> Timestamp? {
        record.reason == Reason.diskFull.rawValue ? record.illSince ?? record.since : nil
    }

    /// With one digit after the point.
    static func gigabytes(_ bytes: Double) -> String {
        let tenths = Int64(min(max(bytes / 1e8, 0), 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
