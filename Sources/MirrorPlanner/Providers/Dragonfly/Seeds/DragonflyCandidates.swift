import KubeCore
import MirrorAPI

extension CandidateInput {
    /// What the decision about the seeds of a release rests on; nil where nothing is known of them yet.
    ///
    /// - Parameter hold: why nothing is carried out.
    init?(_ fleet: DragonflyFleet, _ files: DragonflyFiles, _ snapshot: Snapshot, hold: Hold) {
        let mirror = fleet.mirror
        // A fleet that can't be seen is no fleet without seeds: what is remembered of them stays.
        guard let evidence = snapshot.seeds[mirror.metadata.name], snapshot.dragonfly(of: mirror.metadata.name) != nil,
            fleet.evidence.staleness == nil, fleet.missing == nil
        else {
            return nil
        }
        var stale = evidence.stale
        stale[.pods] = stale[.pods] ?? fleet.evidence.staleness
        stale[.nodes] = stale[.nodes] ?? snapshot.staleness
        let records = Dictionary(
            (mirror.status?.seeds ?? []).map { ($0.name, $0.candidate) },
            uniquingKeysWith: { first, _ in first }
        )
        let seeds = fleet.seeds.prefix(SeedRecords.limit).compactMap { seed -> Seed? in
            let node = seed.nodeNumber.map { snapshot.nodes[$0] }
            if let node, !mirror.spec.selector.matches(node.metadata.labels) || !mirror.spec.candidates.includes(node) {
                return nil
            }
            return Seed(seed, node, fleet, files, evidence, records[seed.name])
        }
        self.init(
            now: evidence.now,
            settings: CandidateSettings(mirror.spec),
            seeds: seeds,
            memory: Memory(mirror.status),
            trust: evidence.trust,
            stale: stale,
            hold: hold,
            stormsReleasedUntil: mirror.metadata.annotations[AnnotationKey.releaseStorm].flatMap { Timestamp($0) }
        )
    }
}

extension Seed {
    fileprivate init(
        _ seed: DragonflyFleet.Seed,
        _ node: Node?,
        _ fleet: DragonflyFleet,
        _ files: DragonflyFiles,
        _ evidence: SeedEvidence,
        _ record: MirrorNodeStatus.Candidate?
    ) {
        let reading = seed.pod.flatMap { PodReading([$0]) }
        let news = SeedNews(seed, fleet, files, record)
        self.init(
            name: seed.name,
            zone: node?.metadata.labels["topology.kubernetes.io/zone"],
            isServer: false,
            lever: DragonflyLever.lever(of: seed),
            evidence: Evidence(
                node: node.map { NodeEvidence($0, of: seed) },
                pod: reading.map { PodEvidence($0).excused(seed.reading?.health) } ?? .absent,
                figures: news.figures,
                probes: seed.pod == nil ? [] : evidence.probes[seed.name] ?? [],
                announcement: news.announcement
            ),
            readmit: seed.pod?.metadata.annotations[AnnotationKey.readmit],
            record: record,
            isMarked: seed.quarantine != nil,
            recordedSince: record?.since,
            isRecordable: true
        )
    }
}

extension NodeEvidence {
    /// An administrator excludes a seed by its pod, or all seeds of a node by that.
    fileprivate init(_ node: Node, of seed: DragonflyFleet.Seed) {
        self.init(node)
        exclusion = seed.pod?.metadata.annotations[AnnotationKey.exclude] ?? exclusion
    }
}

/// What a seed and the schedulers say of it.
private struct SeedNews {
    let figures: Figures?
    let announcement: Announcement?

    init(
        _ seed: DragonflyFleet.Seed,
        _ fleet: DragonflyFleet,
        _ files: DragonflyFiles,
        _ record: MirrorNodeStatus.Candidate?
    ) {
        var hosts: [DragonflyHost] = []
        var heard: Timestamp?
        for scheduler in fleet.evidence.schedulers {
            guard let host = scheduler.seeds.first(where: { $0.isHost(of: seed) }) else { continue }
            hosts.append(host)
            if let at = scheduler.heardAt[host.id] { heard = max(heard ?? at, at) }
        }
        // It is heard of at the next look only.
        let interval = files.seedInterval.adding(fleet.timing.lookSeconds)
        if let heard {
            announcement = Announcement(heardAt: heard, intervalSeconds: interval)
        } else if let record, record.reason == Reason.announcementExpired.rawValue {
            // Schedulers were told to forget it: that nobody lists it any more is no sign of life.
            announcement = Announcement(heardAt: record.since, intervalSeconds: interval, isConfirmed: false)
        } else {
            announcement = nil
        }
        figures = Self.figures(seed.reading, hosts, files, heard)
    }

    /// The worst of what the seed exports and of what it announces: with a threshold of its own the daemon reckons
    /// otherwise, and both are percent of the file system all the same.
    private static func figures(
        _ reading: DaemonReading?,
        _ hosts: [DragonflyHost],
        _ files: DragonflyFiles,
        _ heard: Timestamp?
    ) -> Figures? {
        let metrics = reading?.metrics
        guard let at = metrics == nil ? heard : reading?.at else { return nil }
        let announced = hosts.compactMap { $0.disk?.usedPercent.wholePercent }.max()
        let memory = hosts.compactMap { $0.memory?.usedPercent.wholePercent }.max()
        return Figures(
            at: at,
            diskUsedPercent: metrics?.diskUsedPercent ?? announced,
            memoryAvailablePercent: memory.map { 100 - $0 },
            fileDescriptorsUsedPercent: metrics?.filesUsedPercent,
            cleanUp: files.seed.flatMap(Figures.CleanUp.init)
        )
    }
}

extension PodEvidence {
    /// One that has too much to do fails its own probe for that, and lives: to take it out would move its load to the
    /// others (dragonflyoss/client#2069).
    fileprivate func excused(_ health: CallReading?) -> PodEvidence {
        guard case .busy = health, isPresent, !isDeleting else { return self }
        return PodEvidence()
    }
}

extension Figures.CleanUp {
    /// Nil where the daemon reckons with a threshold of its own, which is no percentage of the file system.
    fileprivate init?(_ file: DragonflySettings.DaemonFile) {
        guard file.gc.distThreshold == nil else { return nil }
        self.init(beginsAtPercent: file.gc.highPercent, endsAtPercent: file.gc.lowPercent)
    }
}

extension Double {
    /// Nil where it is no percentage.
    fileprivate var wholePercent: Int? { (0...100).contains(self) ? Int(self) : nil }
}

extension DragonflyHost {
    /// Whether it is this very pod: one that was made anew under its name has another address, and is another host.
    func isHost(of seed: DragonflyFleet.Seed) -> Bool {
        guard let pod = seed.pod else { return false }
        return pod.addresses.contains(ip) && hostname == pod.metadata.name
    }
}
