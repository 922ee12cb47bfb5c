import KubeCore

/// Every object of a namespace as a release of the chart has them, whole: with versions and with who wrote what when.
struct ReleaseRecord: Sendable {
    private static let kinds = [BareKind.daemonSets, BareKind.services, BareKind.serviceAccounts, BareKind.pods]

    /// By kind and name, such as `Service spegel`.
    var objects: [String: JSONValue] = [:]

    static func take(_ api: KubeAPI, namespace: String) async throws(KubeError) -> ReleaseRecord {
        var record = ReleaseRecord()
        for kind in kinds {
            for object in try await api.allBare(kind, namespace) {
                record.objects["\(kind.kind) \(object.name)"] = object
            }
        }
        return record
    }

    /// What was written since, by kind and name; also what is new and what is gone.
    func differences(from before: ReleaseRecord) -> [String] {
        Set(objects.keys).union(before.objects.keys).filter { objects[$0] != before.objects[$0] }.sorted()
    }

    /// What is not as it was, whoever wrote in the meantime.
    func changes(from before: ReleaseRecord) -> [String] {
        Set(objects.keys).union(before.objects.keys)
            .filter { objects[$0]?.content != before.objects[$0]?.content }.sorted()
    }

    /// What has a field of a manager.
    func managed(by manager: String) -> [String] {
        objects.filter { !$0.value.managed(by: manager).isEmpty }.map(\.key).sorted()
    }
}
