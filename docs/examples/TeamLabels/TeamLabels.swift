import Foundation
import KubeClient
import KubeCore
import KubeRuntime
import Logging

/// A team, and the namespaces that carry its name as a label: `kubectl apply -f docs/examples/TeamLabels/teams.yaml`.
struct Team: KubeObject {
    static let resource = ResourceType(apiVersion: "example.org/v1", plural: "teams", kind: "Team", namespaced: false)

    struct Spec: Codable, Hashable, Sendable { var namespaces: [String] }
    struct Status: Codable, Hashable, Sendable { var labelled: Int }

    var metadata: ObjectMeta
    var spec: Spec
    var status: Status?
}

/// Of a namespace only the metadata is read.
struct Namespace: KubeObject {
    static let resource = ResourceType(apiVersion: "v1", plural: "namespaces", kind: "Namespace", namespaced: false)

    var metadata: ObjectMeta
}

/// Labels the namespaces of each team, and says in its status how many there are: `swift run TeamLabels`.
@main enum TeamLabels {
    static func main() async throws {
        let logger = Logger(label: "team-labels")
        // As kubectl finds it, or as a pod does.
        let cluster = try ClusterConfiguration.load(environment: ProcessInfo.processInfo.environment)
        let api = KubeAPI(try CurlTransport(cluster, options: ClientOptions(userAgent: "team-labels")))

        // Two collections, kept up to date by a list and a watch each; teams can be found by their namespaces.
        let byNamespace = StoreIndex<Team>("namespace") { $0.spec.namespaces }
        let teams = Reflector(api, logger: logger, indexes: [byNamespace])
        let namespaces = Reflector<Namespace>(api, logger: logger)

        // Server-side apply, which sends nothing where nothing is to change.
        let applier = Applier(api, ownWrites: nil, logger: logger)
        let controller = Controller<ObjectKey>(name: "team-labels", logger: logger) { key in
            guard let team = teams.store[key] else { return .awaitChange }
            let present = team.spec.namespaces.compactMap { namespaces.store[ObjectKey(name: $0)] }
            let labels: JSONValue = ["metadata": ["labels": ["team": .string(key.name)]]]
            for namespace in present { try await applier.apply(labels, to: namespace, manager: "team-labels") }
            let status: JSONValue = ["status": ["labelled": .int(Int64(present.count))]]
            try await applier.apply(status, to: team, subresource: "status", manager: "team-labels")
            return .awaitChange
        }

        // A change of a team concerns that team, one of a namespace the teams that name it.
        await controller.run(
            .objects(of: teams),
            .changes(of: namespaces) { teams.store.objects(byNamespace, $0.key.name).map(\.key) }
        )
    }
}
