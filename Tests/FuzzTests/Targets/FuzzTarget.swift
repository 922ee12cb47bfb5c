/// A reader of what comes from outside, fed with any bytes. That it ends and does not crash is the least that it owes.
enum FuzzTarget: String, CaseIterable, Sendable {
    case yaml, json, watch, kubeconfig, credential, url, times
    case arguments, configuration, registries, toml, settings, metrics
    case journal, kernel, unit
    case http, answer, protobuf
    case plan

    /// What became of an input.
    enum Outcome: Hashable, Sendable {
        case read
        case refused
        /// It was read otherwise than it may be.
        case wrong(String)
    }

    func run(_ bytes: [UInt8]) -> Outcome {
        switch self {
        case .yaml: TextTargets.yaml(bytes)
        case .json: TextTargets.json(bytes)
        case .watch: TextTargets.watch(bytes)
        case .kubeconfig: ClientTargets.kubeconfig(bytes)
        case .credential: ClientTargets.credential(bytes)
        case .url: TextTargets.url(bytes)
        case .times: TextTargets.times(bytes)
        case .arguments: HostTargets.arguments(bytes)
        case .configuration: HostTargets.configuration(bytes)
        case .registries: HostTargets.registries(bytes)
        case .toml: HostTargets.toml(bytes)
        case .settings: ProviderTargets.settings(bytes)
        case .metrics: ProviderTargets.metrics(bytes)
        case .journal: AgentTargets.journal(bytes)
        case .kernel: AgentTargets.kernel(bytes)
        case .unit: AgentTargets.unit(bytes)
        case .http: WireTargets.http(bytes)
        case .answer: WireTargets.answer(bytes)
        case .protobuf: WireTargets.protobuf(bytes)
        case .plan: PlanTarget.plan(bytes)
        }
    }

    /// Bytes of the longest input that is worth a try.
    var longestInput: Int {
        switch self {
        case .plan: 160
        case .yaml, .json, .watch, .journal, .http: 2_048
        default: 1_024
        }
    }
}

extension FuzzTarget.Outcome {
    static func read(if isRead: Bool) -> Self { isRead ? .read : .refused }

    /// The worse of two.
    func and(_ other: Self) -> Self {
        switch (self, other) {
        case (.wrong, _): self
        case (_, .wrong): other
        default: self == .read || other == .read ? .read : .refused
        }
    }
}

/// An input that stands for several: they are parted by zero bytes.
struct Sections {
    private let parts: [[UInt8]]

    init(_ bytes: [UInt8]) {
        parts = bytes.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    }

    subscript(index: Int) -> [UInt8] { index < parts.count ? parts[index] : [] }

    var all: [[UInt8]] { parts }

    func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }
}
