package import KubeCore
package import MirrorAPI

/// A change of a right object that breaks one rule.
package struct RuleSample: CustomStringConvertible, Sendable {
    package var kind: String
    package var path: String
    package var message: String
    /// What is set in the sample, by path; nil is removed.
    package var changes: [([String], JSONValue?)]
    package var isTransition = false
    /// What is changed; nil for the sample of the kind.
    package var base: P2PMirror?

    package var description: String { message }

    /// The object before the change, which keeps all rules.
    package func original() throws -> JSONValue {
        try kind == "P2PMirror" ? (base ?? Samples.p2pMirror).wireValue() : Samples.mirrorNode.wireValue()
    }

    package func objects() throws -> (new: JSONValue, old: JSONValue?) {
        let sample = try original()
        let changed = changes.reduce(sample) { $0.setting($1.1, at: $1.0) }
        return (changed, isTransition ? .some(sample) : .none)
    }

    package static let all = p2pMirror + spegel + mirrorNode + agent

    private static let p2pMirror = [
        RuleSample(
            kind: "P2PMirror",
            path: "spec.provider",
            message: "provider cannot be changed; create another P2PMirror instead",
            changes: [(["spec", "provider"], "K3s"), (["spec", "rke2"], nil)],
            isTransition: true
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec",
            message: "rke2 must be absent unless provider is RKE2",
            changes: [(["spec", "provider"], "K3s")]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec",
            message: "k3s must be absent unless provider is K3s",
            changes: [(["spec", "k3s"], [:])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.topology.preferredRoots",
            message: "preferredRoots must name each node once",
            changes: [(["spec", "topology", "preferredRoots"], ["a", "b", "a"])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.health.disk",
            message: "readmitBelowPercent must not be greater than evictAtPercent",
            changes: [(["spec", "health", "disk"], ["evictAtPercent": 80])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.health.probes[0]",
            message: "a probe needs exactly one of httpGet, tcpSocket and grpc",
            changes: [(["spec", "health", "probes"], [["name": "a", "tcpSocket": ["port": 1], "grpc": ["port": 1]]])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.health.probes[0]",
            message: "timeoutSeconds must not be greater than periodSeconds",
            changes: [(["spec", "health", "probes"], [["name": "a", "tcpSocket": ["port": 1], "periodSeconds": 1]])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.rollout",
            message: "progressDeadlineSeconds must be greater than minReadySeconds",
            changes: [(["spec", "rollout"], ["minReadySeconds": 600])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.rollout.window",
            message: "end must differ from start; leave window out for at any time",
            changes: [(["spec", "rollout"], ["window": ["start": "22:00", "end": "22:00"]])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.selector.matchExpressions[0]",
            message: "values needs at least one entry with operator In or NotIn",
            changes: [(["spec", "selector"], ["matchExpressions": [["key": "a", "operator": "NotIn", "values": []]]])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec.selector.matchExpressions[0]",
            message: "values must be absent with operator Exists or DoesNotExist",
            changes: [
                (["spec", "selector"], ["matchExpressions": [["key": "a", "operator": "Exists", "values": ["b"]]]])
            ]
        ),
    ]

    private static let mirrorNode = [
        fixed("mirrorName", to: "other", "mirrorName cannot be changed; another mirror has a MirrorNode of its own"),
        fixed("nodeName", to: "other", "nodeName cannot be changed; another node has a MirrorNode of its own"),
        fixed("nodeUID", to: "other", "nodeUID cannot be changed; a replaced node gets a new MirrorNode"),
        fixed(
            "provider",
            to: "K3s",
            "provider cannot be changed; delete the MirrorNode, and the operator makes it anew"
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "spec.desired.server",
            message: "url is required with action Point",
            changes: [(["spec", "desired", "server", "url"], nil)]
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "spec.desired.server",
            message: "url must be absent unless action is Point",
            changes: [(["spec", "desired", "server", "action"], "Clear")]
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "spec",
            message: "revision is required where there is an approval",
            changes: [(["spec", "revision"], nil)]
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "spec",
            message: "revision cannot be removed; it counts on, so that an earlier one is never used again",
            changes: [(["spec", "revision"], nil), (["spec", "approval"], nil)],
            isTransition: true
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "spec",
            message: "approval cannot be changed; withdraw it, and give it anew under another epoch",
            changes: [(["spec", "approval", "expires"], "2026-01-31T12:00:00Z")],
            isTransition: true
        ),
    ]

    private static let spegel = [
        RuleSample(
            kind: "P2PMirror",
            path: "spec.spegel",
            message: "spegel needs exactly one of install and adopt",
            changes: [(["spec", "spegel", "adopt"], [:])],
            base: Samples.installed
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec",
            message: "spegel must be given with provider Spegel, and with no other one",
            changes: [(["spec", "spegel"], ["adopt": [:]])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec",
            message: "dragonfly must be absent unless provider is Dragonfly",
            changes: [(["spec", "dragonfly"], [:])]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec",
            message: "namespace must be absent unless provider is Spegel or Dragonfly",
            changes: [(["spec", "namespace"], "a")]
        ),
        RuleSample(
            kind: "P2PMirror",
            path: "spec",
            message: "namespace cannot be changed; create another P2PMirror instead",
            changes: [(["spec", "namespace"], "a")],
            isTransition: true,
            base: Samples.installed
        ),
    ]

    private static let agent = [
        RuleSample(
            kind: "MirrorNode",
            path: "status.agent",
            message: "revision is required in every phase but Idle",
            changes: [(["status", "agent", "revision"], nil)]
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "status.agent",
            message: "epoch is required in phase Restarting",
            changes: [(["status", "agent", "phase"], "Restarting"), (["status", "agent", "epoch"], nil)]
        ),
        RuleSample(
            kind: "MirrorNode",
            path: "status.agent",
            message: "reason and message are required in phases Failed and Refused",
            changes: [(["status", "agent", "message"], nil)]
        ),
    ]

    private static func fixed(_ field: String, to value: JSONValue, _ message: String) -> RuleSample {
        RuleSample(
            kind: "MirrorNode",
            path: "spec.\(field)",
            message: message,
            changes: [(["spec", field], value)],
            isTransition: true
        )
    }
}

extension JSONValue {
    /// This value with another one at a path of members; nil takes away what is there.
    package func setting(_ value: JSONValue?, at path: [String]) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var object = self
        object[name] = path.count == 1 ? value : (self[name] ?? [:]).setting(value, at: Array(path.dropFirst()))
        return object
    }
}
