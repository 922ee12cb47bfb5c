import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner
import Synchronization

/// What no watch of ours shows: the files that pods mount, the policies and budgets of the namespace, and what daemons
/// say. All of it is read again every few seconds, since nothing tells of a change.
struct DragonflyInquiry: ProviderInquiry {
    private let inspector: DragonflyInspector?
    private let surroundings: Surroundings

    init(_ api: KubeAPI, _ inspector: DragonflyInspector?, _ timing: DragonflyTiming) {
        self.inspector = inspector
        surroundings = Surroundings(api, period: timing.readingPeriod)
    }

    func completed(_ mirror: P2PMirror, _ snapshot: Snapshot) async -> ProviderEvidence? {
        var snapshot = snapshot
        let name = mirror.metadata.name
        let first = DragonflyFleet(mirror, snapshot)
        var evidence = first.evidence
        await surroundings.complete(&evidence, of: first)
        snapshot.evidence[name] = .dragonfly(evidence)
        if let inspector {
            let fleet = DragonflyFleet(mirror, snapshot)
            await inspector.complete(&evidence, of: fleet, DragonflyFiles(fleet))
        }
        return .dragonfly(evidence)
    }
}

/// What is read of the API beside the watches: rights for it may be given in the namespace of the release alone.
final class Surroundings: Sendable {
    private struct Known {
        var at: ContinuousClock.Instant
        var files: [String: DragonflyEvidence.ConfigurationFiles]
        var policies: [ManagedObject]?
        var budgets: [ManagedObject]?
    }

    /// ConfigMaps that are read of one release, at most: each component has two.
    private static let fileLimit = 12

    private let api: KubeAPI
    /// How long an answer is good.
    private let period: Duration
    private let known = Mutex<[String: Known]>([:])

    init(_ api: KubeAPI, period: Duration) {
        self.api = api
        self.period = period
    }

    func complete(_ evidence: inout DragonflyEvidence, of fleet: DragonflyFleet) async {
        let name = fleet.mirror.metadata.name
        var now = known.withLock { $0[name] }
        if now.map({ .now - $0.at >= period }) ?? true {
            let read = await read(fleet, before: now)
            known.withLock { $0[name] = read }
            now = read
        }
        evidence.files = now?.files ?? [:]
        evidence.policies = now?.policies
        evidence.budgets = now?.budgets
    }

    /// What can't be read now is as it was: one failed request does not say that there is nothing.
    private func read(_ fleet: DragonflyFleet, before: Known?) async -> Known {
        async let files = files(of: fleet, before: before?.files ?? [:])
        async let policies = objects(NetworkPolicyKind.self, fleet.namespace)
        async let budgets = objects(PodDisruptionBudgetKind.self, fleet.namespace)
        return Known(
            at: .now,
            files: await files,
            policies: await policies ?? before?.policies,
            budgets: await budgets ?? before?.budgets
        )
    }

    private func objects<Kind: RawKind>(_ kind: Kind.Type, _ namespace: String) async -> [ManagedObject]? {
        let options = ListOptions(namespace: namespace, limit: 500)
        let found = try? await api.list(RawObject<Kind>.self, options)
        return found.map { $0.map { ManagedObject($0) } }
    }

    /// By the name of the ConfigMap; passwords go before anything is kept.
    private func files(
        of fleet: DragonflyFleet,
        before: [String: DragonflyEvidence.ConfigurationFiles]
    ) async -> [String: DragonflyEvidence.ConfigurationFiles] {
        let pods = [fleet.schedulers.first?.pod, fleet.seeds.compactMap(\.pod).first, fleet.clients.first?.pod]
        let names = Set(pods.compactMap(\.self).flatMap { $0.spec.volumes.flatMap(\.configMaps) }).sorted()
        return await withTaskGroup(of: (String, DragonflyEvidence.ConfigurationFiles?).self) { group in
            for name in names.prefix(Self.fileLimit) {
                let key = ObjectKey(namespace: fleet.namespace, name: name)
                group.addTask { (name, await self.file(key, before: before[name])) }
            }
            var files: [String: DragonflyEvidence.ConfigurationFiles] = [:]
            for await (name, content) in group { files[name] = content }
            return files
        }
    }

    private func file(
        _ key: ObjectKey,
        before: DragonflyEvidence.ConfigurationFiles?
    ) async -> DragonflyEvidence.ConfigurationFiles? {
        let found: RawObject<ConfigMapKind>
        do throws(KubeError) {
            guard let object = try await api.find(RawObject<ConfigMapKind>.self, key) else { return nil }
            found = object
        } catch {
            return before
        }
        let data = found.body["data"]?.objectValue ?? [:]
        return data.filter { DragonflyNames.files.contains($0.key) }.compactMapValues { $0.stringValue }
            .mapValues { SettingsSecrets.masked($0) }
    }
}
