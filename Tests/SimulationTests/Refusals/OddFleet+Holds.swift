import KubeCore
import MirrorAPI
import MirrorSandbox

extension OddFleet {
    private static func everywhere(_ patch: JSONValue) -> [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: (1...3).map { ("server-\($0)", patch) })
    }

    private static let byRancher: JSONValue = ["metadata": ["labels": ["rke.cattle.io/machine": "m-1"]]]
    private static let byClusterAPI: JSONValue = [
        "metadata": ["annotations": ["cluster.x-k8s.io/machine": "machine-1"]]
    ]

    static let managed = [
        OddFleet(
            name: "nodes that Rancher manages",
            nodes: everywhere(byRancher),
            expected: [.stalled(.managedElsewhere)]
        ),
        OddFleet(
            name: "nodes that Cluster API manages",
            nodes: everywhere(byClusterAPI),
            expected: [.stalled(.managedElsewhere)]
        ),
        OddFleet(
            name: "one node that Rancher manages",
            nodes: ["server-1": byRancher],
            expected: [.ready(.healthy)],
            touched: ["server-2"]
        ),
        OddFleet(
            name: "nodes that Rancher manages, to be changed all the same",
            nodes: everywhere(byRancher),
            specs: ["{rke2: {managedNodes: Enforce}}"],
            expected: [.ready(.healthy)],
            touched: ["server-1", "server-3"]
        ),
    ]

    static let held = [
        OddFleet(
            name: "paused",
            specs: ["{pauseRequests: [upgrade]}"],
            expected: [Expectation(.paused, .true, .paused), Expectation(.ready, .false, .paused)]
        ),
        OddFleet(
            name: "mode Observe",
            specs: ["{mode: Observe}"],
            expected: [.ready(.observing), Expectation(.topologyAcyclic, .false, .ringFound)]
        ),
        OddFleet(
            name: "rewrite Never",
            specs: ["{topology: {rewrite: Never}}"],
            expected: [.ready(.rewriteIsOff), Expectation(.topologyAcyclic, .false, .ringFound)]
        ),
        OddFleet(
            name: "a window that opens on another day",
            // The clock of these runs stands in the middle of a day; of two openings of a minute each, none is now.
            specs: ["{rollout: {window: {start: '03:33', end: '03:34'}}}"],
            expected: [.waiting(.outsideWindow)]
        ),
        OddFleet(
            name: "a registration address on a version that recurses",
            specs: ["{topology: {registrationAddress: 'https://lb.example.com:9345'}}"],
            expected: [.ready(.healthy), Expectation(.nodesCurrent, .true, .registrationAddressUnused)],
            touched: ["server-1", "server-3"]
        ),
        OddFleet(
            name: "shape Tree for three servers",
            specs: ["{topology: {shape: Tree, maxFanout: 2}}"],
            expected: [.ready(.healthy)],
            touched: ["server-1", "server-3"]
        ),
        OddFleet(
            name: "approval Manual, and nobody approved",
            specs: ["{rollout: {approval: Manual}}"],
            expected: [.waiting(.waitingForApproval)]
        ),
        OddFleet(
            name: "the disruption Lease is somebody else's",
            stranger: "maintenance-of-the-racks",
            expected: [.waiting(.disruptionHeld)]
        ),
        OddFleet(
            name: "the mirror is deleted in the middle of a step",
            incident: .deletedOnceClaimed,
            expected: [],
            touched: ["server-1"]
        ),
    ]

    private static let directory = "/etc/rancher/rke2/config.yaml.d"

    static let hosts = [
        OddFleet(
            name: "a version that does not start without a registry, and none is named",
            fleet: .ring(agents: 0, network: "10.0.0", version: "v1.33.6+rke2r1"),
            files: ["/etc/rancher/rke2/registries.yaml": nil],
            expected: [.stalled(.versionFailsToStart)]
        ),
        OddFleet(
            name: "changes of somebody else wait for a restart",
            files: ["\(directory)/20-tls.yaml": "tls-san: [rke2.example.org]\n"],
            expected: [.waiting(.pendingChanges)]
        ),
        OddFleet(
            name: "a later file sets `server:`",
            files: ["\(directory)/zzz-mine.yaml": "server: https://10.0.0.12:9345\n"],
            expected: [.stalled(.agentRefused)],
            refusals: 1
        ),
        OddFleet(
            name: "no data of an etcd member on the disk",
            lacking: ["/var/lib/rancher/rke2/server/db/etcd/member"],
            expected: [.stalled(.agentRefused)],
            refusals: 1
        ),
    ]
}
