import KubeCore
import MirrorAPI
import MirrorPlanner

/// What peers that have found nobody say of themselves, whether a release is really gone, and why there are no pods.
struct SpegelInquiry: ProviderInquiry {
    private let inspector: PeerInspector?
    private let releases: ReleaseSearch
    private let refusedPods: RefusedPods

    init(_ api: KubeAPI, _ inspector: PeerInspector?) {
        self.inspector = inspector
        releases = ReleaseSearch(api)
        refusedPods = RefusedPods(api)
    }

    func completed(_ mirror: P2PMirror, _ snapshot: Snapshot) async -> ProviderEvidence? {
        let fleet = SpegelFleet(mirror, snapshot)
        var evidence = fleet.evidence
        if let inspector { evidence.peers = await inspector.readings(of: fleet) }
        evidence.isReleaseGone = await releases.isGone(fleet)
        evidence.podRefusal = await refusedPods.reason(fleet)
        return .spegel(evidence)
    }
}
