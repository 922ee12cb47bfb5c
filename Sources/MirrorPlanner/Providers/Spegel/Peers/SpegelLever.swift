package import KubeCore
package import MirrorAPI

/// The lever of Spegel: the label by which the bootstrap Service selects a pod.
///
/// Peers look up the name of that Service, sort what they get and ask the three lowest addresses of each family (spegel
/// `pkg/routing/libp2p/bootstrap.go`), whether those are well or not.
package enum SpegelLever {
    /// One that is alone is found by the next one.
    static let leastPublished = 1

    static let lever = CandidateSettings.Lever(
        name: "the label \(LabelKey.candidate)",
        effect: "The label \(LabelKey.candidate) is \"false\" on the pods that are out, so the bootstrap Service hands "
            + "them out to nobody any more; connections that are open already stay open",
        reason: .newBootstrapsOnly,
        drift: "a new pod is born with it"
    )

    /// The daemon has found peers, and its peer-to-peer port accepts connections.
    package static let defaultProbes = [
        Probe(name: "ready", httpGet: .init(path: "/readyz", port: SpegelObjects.registryPort)),
        Probe(name: "router", tcpSocket: .init(port: SpegelObjects.routerPort)),
    ]

    package static func lever(of pod: Pod, for mirror: String) -> Seed.Lever {
        guard pod.metadata.labels[LabelKey.candidate] == "false" else { return .published }
        return .withdrawn(isOurs: pod.metadata.annotations[AnnotationKey.evictedBy] == mirror)
    }

    /// What takes the label and our mark off a pod, as a merge patch; nil where there is none of ours.
    package static func cleared(_ pod: Pod, by mirror: String) -> JSONValue? {
        guard pod.metadata.labels[LabelKey.candidate] != nil, lever(of: pod, for: mirror) != .withdrawn(isOurs: false)
        else { return nil }
        var metadata: JSONValue = ["labels": [LabelKey.candidate: .null]]
        if pod.metadata.annotations[AnnotationKey.evictedBy] == mirror {
            metadata["annotations"] = [AnnotationKey.evictedBy: .null]
        }
        return ["metadata": metadata]
    }

    /// The merge patch that carries a pod out of the set, or into it; nil where it is as it should be, or where
    /// somebody else took it out.
    package static func move(_ pod: Pod, into isPublished: Bool, by mirror: String) -> JSONValue? {
        let lever = lever(of: pod, for: mirror)
        guard isPublished ? lever == .withdrawn(isOurs: true) : lever == .published else { return nil }
        return [
            "metadata": [
                "labels": [LabelKey.candidate: isPublished ? "true" : "false"],
                "annotations": [AnnotationKey.evictedBy: isPublished ? .null : .string(mirror)],
            ]
        ]
    }
}
