import KubeCore

/// Relations of what keeps a daemon's disk from filling.
extension SettingsReview {
    private static let cleaning = "client dragonfly-client/src/gc/mod.rs"

    /// Figures that can be true; a measurement that can't be is none.
    private var measured: Storage? {
        guard let storage, storage.volumeBytes > 0, storage.volumeBytes.isFinite else { return nil }
        func figure(_ value: Double?) -> Double? { value.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } }
        return Storage(
            volumeBytes: storage.volumeBytes,
            usedPercent: figure(storage.usedPercent).map { min($0, 100) },
            contentBytes: figure(storage.contentBytes).map { min($0, storage.volumeBytes) },
            ingestBytesPerSecond: figure(storage.ingestBytesPerSecond)
        )
    }

    /// The key of a mark as the file spells it.
    private func markPath(_ owner: SettingsOwner, _ mark: String) -> String {
        let document = owner == .seed ? seed : client
        let newer = "gc.policy.disk\(mark)ThresholdPercent"
        return document?[newer] != nil ? newer : "gc.policy.dist\(mark)ThresholdPercent"
    }

    var marksInOrder: [SettingFinding] {
        daemons.compactMap { owner, file in
            let (high, low) = (file.gc.highPercent, file.gc.lowPercent)
            guard low >= high, high > 0, low <= 255 else { return nil }
            let effect =
                low > high
                ? "the subtraction wraps, and all content is removed once the disk is \(high) % full"
                : "each clean-up frees nothing or next to nothing"
            let right = max(1, high - 20)
            return finding(
                owner,
                .daemon,
                markPath(owner, "Low"),
                value: String(low),
                low > high ? .fault : .warning,
                """
                the low mark is \(low) and the high mark \(high): \(effect): set \(markPath(owner, "Low")) to \(right)
                """,
                wanted: String(right),
                source: Self.cleaning
            )
        }
    }

    var spellings: [SettingFinding] {
        [(SettingsOwner.seed, seed), (.client, client)].flatMap { owner, document -> [SettingFinding] in
            guard let policy = document?["gc.policy"]?.objectValue else { return [] }
            return ["Threshold", "HighThresholdPercent", "LowThresholdPercent"].compactMap { key in
                guard policy["disk\(key)"] != nil, let old = policy["dist\(key)"] else { return nil }
                return finding(
                    owner,
                    .daemon,
                    "gc.policy.dist\(key)",
                    value: old.settingText,
                    .fault,
                    """
                    gc.policy has dist\(key) and disk\(key), which are one field: the daemon ends at its start: keep one
                    """,
                    removes: true,
                    source: "client dragonfly-client-config/src/dfdaemon.rs"
                )
            }
        }
    }

    /// Of seeds alone: clients are in no candidate set.
    var cleanUpBeforeEviction: [SettingFinding] {
        guard let evictAtPercent, let file = seedFile else { return [] }
        let high = file.gc.highPercent
        guard evictAtPercent < high + 3, high <= 100 else { return [] }
        let path = markPath(.seed, "High")
        let right = max(1, min(80, evictAtPercent - 3))
        let what =
            evictAtPercent < high
            ? "is below the daemon's own mark \(high)" : "is less than 3 above the daemon's own mark \(high)"
        let effect =
            evictAtPercent < high
            ? "a seed leaves the candidate set before its clean-up starts, and nothing brings it back"
            : "a seed may leave the candidate set between two clean-ups"
        return [
            finding(
                .seed,
                .daemon,
                path,
                value: String(high),
                evictAtPercent < high ? .fault : .warning,
                """
                evictAtPercent \(evictAtPercent) \(what) (\(path)): \(effect): set \(path) to \(right) or less\
                \(high + 3 <= 99 ? ", or health.disk.evictAtPercent to \(high + 3) or more" : "")
                """,
                wanted: String(right),
                source: Self.cleaning
            )
        ]
    }

    /// What arrives between two passes must find room above the high mark.
    var roomBetweenCleanUps: [SettingFinding] {
        guard let storage = measured, let rate = storage.ingestBytesPerSecond, rate > 0,
            let file = seedFile
        else { return [] }
        let volume = file.gc.distThreshold.map { min($0, storage.volumeBytes) } ?? storage.volumeBytes
        let high = min(100, max(0, file.gc.highPercent))
        let room = storage.volumeBytes - volume * Double(high) / 100
        let arriving = rate * file.gc.interval
        guard arriving >= room else { return [] }
        let longest = (room / rate / 1.5).rounded(.down)
        let mark = Whole.number((100 - arriving * 1.5 / storage.volumeBytes * 100).rounded(.down))
        let remedies = [
            longest >= 10 ? "gc.interval to \(Whole.number(longest))s" : nil,
            mark >= 30 && file.gc.distThreshold == nil ? "\(markPath(.seed, "High")) to \(mark)" : nil,
        ].compactMap { $0 }
        let remedy = remedies.isEmpty ? "use a larger volume" : "set " + remedies.joined(separator: ", or ")
        return [
            finding(
                .seed,
                .daemon,
                "gc.interval",
                value: DurationText.text(file.gc.interval),
                .fault,
                """
                gc.interval is \(DurationText.text(file.gc.interval)): at \(SizeText.text(rate)) a second \
                \(SizeText.text(arriving)) arrive between two clean-ups, and above the high mark \(high) there is room \
                for \(SizeText.text(room)): \(remedy)
                """,
                wanted: longest >= 10 ? "\(Whole.number(longest))s" : nil,
                source: Self.cleaning
            )
        ]
    }

    /// Without a threshold, everybody's files count, and only the cache's are removed.
    var foreignFiles: [SettingFinding] {
        guard let storage = measured, let used = storage.usedPercent, let content = storage.contentBytes,
            let file = seedFile, file.gc.distThreshold == nil
        else { return [] }
        let usedBytes = storage.volumeBytes * used / 100
        let foreign = max(0, usedBytes - content) / storage.volumeBytes * 100
        let isHopeless = foreign >= Double(file.gc.highPercent)
        guard isHopeless || foreign >= 10 else { return [] }
        let free = max(0, storage.volumeBytes - usedBytes)
        let right = "\(Whole.number(max(1, ((content + free / 2) / 1e9).rounded(.down))))GB"
        let effect =
            isHopeless
            ? "clean-up cannot help, and empties the cache at each pass"
            : "others fill \(Whole.number(foreign)) % of the file system, and the cache makes room for them"
        return [
            finding(
                .seed,
                .daemon,
                "gc.policy.distThreshold",
                value: "unset",
                isHopeless ? .fault : .warning,
                """
                the file system is \(Self.number(used)) % used of which \(Self.gigabytes(content)) GB is this cache: \
                \(effect): set gc.policy.distThreshold to what the cache may hold, \(right) for example
                """,
                wanted: right,
                source: "dragonflyoss/client#1184, dragonflyoss/dragonfly#3030"
            )
        ]
    }

    var thresholdFits: [SettingFinding] {
        guard let storage = measured, let file = seedFile,
            let threshold = file.gc.distThreshold,
            threshold * Double(file.gc.highPercent) / 100 >= storage.volumeBytes
        else { return [] }
        let right = "\(Whole.number(max(1, (storage.volumeBytes * 0.9 / 1e9).rounded(.down))))GB"
        let path = seed?["gc.policy.diskThreshold"] != nil ? "gc.policy.diskThreshold" : "gc.policy.distThreshold"
        return [
            finding(
                .seed,
                .daemon,
                path,
                value: SizeText.text(threshold),
                .fault,
                """
                \(path) is \(SizeText.text(threshold)) and the volume \(SizeText.text(storage.volumeBytes)): \
                \(file.gc.highPercent) % of it are never reached, so the daemon never cleans up: set it to \(right) or \
                less
                """,
                wanted: right,
                source: Self.cleaning
            )
        ]
    }

    /// With one digit behind the point.
    static func gigabytes(_ bytes: Double) -> String { "\((bytes / 1e8).rounded() / 10)" }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? String(Whole.number(value)) : "\((value * 10).rounded() / 10)"
    }
}
