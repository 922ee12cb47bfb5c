import KubeCore
import MirrorAPI

/// The lever of Dragonfly: a NetworkPolicy of ours that lets nobody in to what a seed serves with.
///
/// From 2.3.1 on a scheduler asks each seed every 30 s whether its upload server is well, and gives tasks only to those
/// that say so (dragonflyoss/dragonfly `scheduler/resource/standard/seed_peer.go`). So a seed that nobody can connect
/// to is out, and an open way from it to the schedulers keeps it in their lists: a set of seeds that is empty would
/// keep its last members for good (dragonflyoss/dragonfly#4960), and a daemon that starts without a scheduler exits.
enum DragonflyLever {
    /// A scheduler without any seed sends clients to the source.
    static let leastPublished = 1

    static let lever = CandidateSettings.Lever(
        name: "the quarantine (NetworkPolicy)",
        effect: "A NetworkPolicy lets nobody in to the seeds that are out, so schedulers give them no tasks from their "
            + "next look on (30 s); connections that are open already may stay open",
        reason: .quarantined,
        drift: "somebody deleted the NetworkPolicy"
    )

    /// What a seed in the set is asked: whether its upload, its download and its proxy server are all up
    /// (dragonflyoss/client `dragonfly-client/src/grpc/dfdaemon_upload.rs`).
    static let uploadService = "dfdaemon.v2.DfdaemonUpload"

    static func probes(_ ports: DragonflySettings.DaemonFile.Ports) -> [Probe] {
        [Probe(name: "upload", grpc: .init(port: ports.upload, service: uploadService))]
    }

    /// What a seed behind a quarantine can be asked still.
    static func quarantinedProbes(_ ports: DragonflySettings.DaemonFile.Ports) -> [Probe] {
        [Probe(name: "healthy", httpGet: .init(path: "/healthy", port: ports.health))]
    }

    /// The quarantine of a seed: whoever wants in may reach its metrics, its health and its statistics, by which its
    /// recovery is seen.
    static func quarantine(
        of pod: String,
        in fleet: DragonflyFleet,
        _ ports: DragonflySettings.DaemonFile.Ports
    ) -> ManagedObject {
        let mirror = fleet.mirror
        let open = Set([ports.metrics, ports.health, ports.stats]).sorted()
        let owner = mirror.controllerReference()
        return ManagedObject(
            NetworkPolicyKind.resource,
            [
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": [
                    "name": .string(DragonflyNames.quarantine(mirror: mirror.metadata.name, pod: pod)),
                    "namespace": .string(fleet.namespace),
                    "labels": [LabelKey.mirror: .string(Names.labelValue(mirror.metadata.name))],
                    "annotations": [AnnotationKey.evictedBy: .string(mirror.metadata.name)],
                    "ownerReferences": [(try? JSONCoding.value(of: owner)) ?? [:]],
                ],
                "spec": [
                    "podSelector": ["matchLabels": [DragonflyNames.podNameLabel: .string(pod)]],
                    "policyTypes": ["Ingress"],
                    "ingress": [
                        ["ports": .array(open.map { ["protocol": "TCP", "port": .int(Int64($0))] })]
                    ],
                ],
            ]
        )
    }

    static func lever(of seed: DragonflyFleet.Seed) -> Seed.Lever {
        if seed.quarantine != nil { return .withdrawn(isOurs: true) }
        return seed.pod == nil ? .gone : .published
    }

    /// The move that carries a seed into the set or out of it; nil where it is as it should be.
    static func move(
        _ seed: DragonflyFleet.Seed,
        into isPublished: Bool,
        _ fleet: DragonflyFleet,
        _ ports: DragonflySettings.DaemonFile.Ports
    ) -> SeedMove? {
        switch (isPublished, seed.quarantine) {
        // One that is going already waits for its finalizers.
        case (true, let present?): present.metadata.deletionTimestamp == nil ? SeedMove(deleting: present) : nil
        case (false, nil): SeedMove(creating: quarantine(of: seed.name, in: fleet, ports))
        case (true, nil), (false, .some): nil
        }
    }

    /// Takes away quarantines of ours that are of no seed of the mirror any more: its pod is wanted no longer, or its
    /// node is not selected.
    static func strays(_ fleet: DragonflyFleet, kept: Set<String>) -> [Write] {
        let mirror = fleet.mirror.metadata.name
        let names = Set(kept.map { DragonflyNames.quarantine(mirror: mirror, pod: $0) })
        let going = fleet.evidence.quarantines.filter {
            !names.contains($0.key.name) && $0.metadata.deletionTimestamp == nil
        }
        return going.map { policy in
            let path = ["spec", "podSelector", "matchLabels", DragonflyNames.podNameLabel]
            let pod = path.reduce(policy.body as JSONValue?) { $0?[$1] }?.stringValue ?? policy.key.name
            let verdict = Verdict(.nodeNotSelected, "\(pod) is no seed of this mirror any more")
            return .publishSeed(pod, SeedMove(deleting: policy), verdict)
        }
    }

    /// Why no seed of the release can be carried out of the set; nil where one can.
    static func obstacle(_ fleet: DragonflyFleet, _ files: DragonflyFiles) -> Verdict? {
        let present = fleet.seeds.filter { $0.pod != nil }
        let onHost = present.filter { $0.pod?.spec.hostNetwork == true }.map(\.name)
        if !onHost.isEmpty {
            let message =
                "\(Sentences.list(onHost)) \(Sentences.form(onHost.count, "is", "are")) on the host's network, where "
                + "no NetworkPolicy holds, so no seed can be taken out: set seedClient.hostNetwork to false in the "
                + "chart's values, or stop the pod by hand"
            return Verdict(.leverFails, message)
        }
        if let old = fleet.schedulers.compactMap(\.version).min(), !DragonflyGate.announcedSeeds.isOpen(server: old) {
            let message =
                "Schedulers of release \(old) find seeds through the manager alone, which is not touched, so no seed "
                + "can be taken out: upgrade them to 2.3.1 or later, or stop the "
                + "pod by hand"
            return Verdict(.leverFails, message)
        }
        let unnamed = present.filter { $0.pod?.metadata.labels[DragonflyNames.podNameLabel] != $0.name }.map(\.name)
        if !unnamed.isEmpty {
            let message =
                "\(Sentences.list(unnamed)) \(Sentences.form(unnamed.count, "has", "have")) no label "
                + "\(DragonflyNames.podNameLabel), as pods of a StatefulSet have, so no NetworkPolicy can select one "
                + "of them: run the seeds as a StatefulSet"
            return Verdict(.leverFails, message)
        }
        guard fleet.evidence.policies != nil else {
            let message =
                "The NetworkPolicies of \(fleet.namespace) can't be read, so whether one of ours would hold is not "
                + "known, and no seed is taken out: give the operator the rights of manifests/components/dragonfly"
            return Verdict(.leverFails, message)
        }
        guard let policy = foreignPolicies(present, fleet, port: files.seedPorts.upload).first else { return nil }
        let message =
            "The NetworkPolicy \(policy.key.name) lets others in to port \(files.seedPorts.upload) of the seeds, and "
            + "policies add up, so no seed can be taken out: narrow it to pods that are no seeds, or stop the pod by "
            + "hand"
        return Verdict(.leverFails, message)
    }

    /// Policies of others that let somebody in to that port of a seed.
    private static func foreignPolicies(
        _ seeds: [DragonflyFleet.Seed],
        _ fleet: DragonflyFleet,
        port: Int
    ) -> [ManagedObject] {
        (fleet.evidence.policies ?? []).filter { policy in
            let isOurs = policy.metadata.annotations[AnnotationKey.evictedBy] != nil
            return !isOurs
                && seeds.contains { PolicyReading(policy).allows(port, into: $0.pod?.metadata.labels ?? [:]) }
        }.sorted { $0.key.name < $1.key.name }
    }
}
