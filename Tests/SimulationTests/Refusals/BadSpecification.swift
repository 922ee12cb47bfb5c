import KubeCore
import MirrorAPI
import Testing

/// A P2PMirror that must not be acted on, and what is said of it.
struct BadSpecification: Sendable, CustomTestStringConvertible {
    /// Unique in the table.
    var name: String
    /// As YAML, the way somebody would write it.
    var spec: String
    /// What stands for it in the table, where it is long.
    var shown: String?
    var mirrorName = "embedded"
    /// What was stored before, where it is the change that is refused.
    var before: String?
    /// The field that the refusal names.
    var field: String
    /// The same field as the operator names it, where that differs.
    var path: String?
    /// What is said where an API server lets it through.
    var condition: (type: MirrorConditionType, status: Condition.Status, reason: Reason) =
        (.accepted, .false, .invalidSpec)

    var testDescription: String { name }

    func object(_ text: String) throws(KubeError) -> JSONValue {
        [
            "apiVersion": "p2pmirror.io/v1alpha1", "kind": "P2PMirror",
            "metadata": ["name": .string(mirrorName)],
            "spec": try YAMLCoding.documents(text).first ?? .null,
        ]
    }

    static let all = provider + changes + texts + numbers + roots + settings + selectors + names

    private static func spec(_ rest: String) -> String { "{provider: RKE2, mode: Enforce, \(rest)}" }

    private static let provider = [
        BadSpecification(name: "no provider", spec: "{mode: Enforce}", field: "spec.provider"),
        BadSpecification(name: "unknown provider", spec: "{provider: Harbor, mode: Enforce}", field: "spec.provider"),
        BadSpecification(name: "empty provider", spec: #"{provider: "", mode: Enforce}"#, field: "spec.provider"),
        BadSpecification(name: "provider in another case", spec: "{provider: rke2}", field: "spec.provider"),
        BadSpecification(name: "two provider sections", spec: spec("rke2: {}, k3s: {}"), field: "spec"),
        BadSpecification(
            name: "the wrong provider's section",
            spec: spec("k3s: {managedNodes: Enforce}"),
            field: "spec"
        ),
        BadSpecification(
            name: "the wrong provider's section, K3s",
            spec: "{provider: K3s, mode: Enforce, rke2: {}}",
            field: "spec"
        ),
        BadSpecification(name: "an empty specification", spec: "{}", field: "spec.provider"),
        BadSpecification(name: "a specification that is a list", spec: "[RKE2]", field: "spec"),
    ]

    private static let changes = [
        // Without the rule there is nothing that the operator could compare with: it is another mirror then.
        BadSpecification(
            name: "provider changed later",
            spec: "{provider: K3s, mode: Enforce}",
            before: "{provider: RKE2}",
            field: "spec.provider",
            condition: (.ready, .false, .noNodesSelected)
        )
    ]

    private static let texts = [
        BadSpecification(name: "unknown mode", spec: "{provider: RKE2, mode: DryRun}", field: "spec.mode"),
        BadSpecification(
            name: "unknown rewrite",
            spec: spec("topology: {rewrite: Sometimes}"),
            field: "spec.topology.rewrite"
        ),
        BadSpecification(
            name: "unknown shape",
            spec: spec("topology: {shape: Ring}"),
            field: "spec.topology.shape"
        ),
        BadSpecification(
            name: "unknown approval",
            spec: spec("rollout: {approval: Maybe}"),
            field: "spec.rollout.approval"
        ),
        BadSpecification(
            name: "unknown treatment of managed nodes",
            spec: spec("rke2: {managedNodes: Ignore}"),
            field: "spec.rke2.managedNodes"
        ),
        BadSpecification(
            name: "a word for a switch",
            spec: spec(#"rollout: {allowControlPlaneOutage: "yes"}"#),
            field: "spec.rollout.allowControlPlaneOutage"
        ),
        BadSpecification(
            name: "an empty hold",
            spec: spec(#"pauseRequests: [""]"#),
            field: "spec.pauseRequests[0]"
        ),
        BadSpecification(
            name: "one word for a list of holds",
            spec: spec("pauseRequests: upgrade"),
            field: "spec.pauseRequests"
        ),
        BadSpecification(
            name: "a hold twice",
            spec: spec("pauseRequests: [upgrade, upgrade]"),
            field: "spec.pauseRequests[1]"
        ),
        BadSpecification(
            name: "17 holds",
            spec: spec("pauseRequests: [\((1...17).map { "hold-\($0)" }.joined(separator: ", "))]"),
            shown: "{pauseRequests: [hold-1, ..., hold-17]}",
            field: "spec.pauseRequests"
        ),
    ]

    private static func rollout(_ name: String, _ values: String, field: String) -> BadSpecification {
        BadSpecification(
            name: name,
            spec: spec("rollout: {\(values)}"),
            field: field.isEmpty ? "spec.rollout" : "spec.rollout.\(field)"
        )
    }

    private static let numbers = [
        rollout("negative seconds", "minReadySeconds: -1", field: "minReadySeconds"),
        rollout("a deadline of zero", "progressDeadlineSeconds: 0", field: "progressDeadlineSeconds"),
        rollout("an hour too long", "minReadySeconds: 3601, progressDeadlineSeconds: 7200", field: "minReadySeconds"),
        rollout(
            "the largest number there is",
            "progressDeadlineSeconds: 9223372036854775807",
            field: "progressDeadlineSeconds"
        ),
        rollout("a number beyond 64 bits", "progressDeadlineSeconds: 1e30", field: "progressDeadlineSeconds"),
        rollout("half a second", "minReadySeconds: 0.5", field: "minReadySeconds"),
        rollout("a duration for seconds", "progressDeadlineSeconds: 10m", field: "progressDeadlineSeconds"),
        rollout("a deadline before the proof", "minReadySeconds: 600", field: ""),
        rollout("a deadline with the proof", "minReadySeconds: 60, progressDeadlineSeconds: 60", field: ""),
    ]

    private static func roots(_ name: String, _ list: String, shown: String? = nil, field: String) -> BadSpecification {
        BadSpecification(
            name: name,
            spec: spec("topology: {preferredRoots: \(list)}"),
            shown: shown.map { "{topology: {preferredRoots: \($0)}}" },
            field: "spec.topology.preferredRoots\(field)"
        )
    }

    private static let roots = [
        roots("an empty preferred root", #"[""]"#, field: "[0]"),
        roots("a preferred root that is no DNS name", "[server-1, Server_2]", field: "[1]"),
        roots(
            "a preferred root of 254 characters",
            "[\(String(repeating: "a", count: 254))]",
            shown: "[aaaa...]",
            field: "[0]"
        ),
        roots("a preferred root twice", "[server-1, server-2, server-1]", field: ""),
        roots(
            "65 preferred roots",
            "[\((1...65).map { "server-\($0)" }.joined(separator: ", "))]",
            shown: "[server-1, ..., server-65]",
            field: ""
        ),
        roots("a preferred root that is null", "[null]", field: "[0]"),
    ]

    private static let settings = [
        BadSpecification(
            name: "a fanout of one",
            spec: spec("topology: {shape: Tree, maxFanout: 1}"),
            field: "spec.topology.maxFanout"
        ),
        BadSpecification(
            name: "a registration address without https",
            spec: spec("topology: {registrationAddress: 'http://lb.example.com:9345'}"),
            field: "spec.topology.registrationAddress"
        ),
        BadSpecification(
            name: "a window that ends when it begins",
            spec: spec("rollout: {window: {start: '22:00', end: '22:00'}}"),
            field: "spec.rollout.window"
        ),
        BadSpecification(
            name: "a window at an hour that is none",
            spec: spec("rollout: {window: {start: '24:00', end: '02:00'}}"),
            field: "spec.rollout.window.start"
        ),
        BadSpecification(
            name: "a registry that is a URL",
            spec: spec("registries: ['https://docker.io']"),
            field: "spec.registries[0]"
        ),
    ]

    private static func selector(_ name: String, _ requirement: String, field: String) -> BadSpecification {
        BadSpecification(
            name: name,
            spec: spec("selector: {matchExpressions: [\(requirement)]}"),
            field: "spec.selector.matchExpressions[0]\(field)"
        )
    }

    private static let selectors = [
        selector("a selector with an unknown operator", "{key: zone, operator: Near}", field: ".operator"),
        selector("a selector without an operator", "{key: zone}", field: ".operator"),
        selector("a selector In without values", "{key: zone, operator: In}", field: ""),
        selector("a selector Exists with values", "{key: zone, operator: Exists, values: [a]}", field: ""),
        selector("a selector with an empty key", #"{key: "", operator: Exists}"#, field: ".key"),
        selector("a selector whose key is no label", "{key: a/b/c, operator: Exists}", field: ".key"),
        BadSpecification(
            name: "a selector whose value is no label's",
            spec: spec(#"selector: {matchLabels: {zone: "a b"}}"#),
            field: "spec.selector.matchLabels.zone",
            path: "spec.selector.matchLabels[zone]"
        ),
    ]

    private static let names = [
        BadSpecification(
            name: "a mirror's name with a dot",
            spec: "{provider: RKE2, mode: Enforce}",
            mirrorName: "embedded.rke2",
            field: "metadata.name"
        ),
        BadSpecification(
            name: "a mirror's name of 64 characters",
            spec: "{provider: RKE2, mode: Enforce}",
            mirrorName: String(repeating: "m", count: 64),
            field: "metadata.name"
        ),
    ]
}
