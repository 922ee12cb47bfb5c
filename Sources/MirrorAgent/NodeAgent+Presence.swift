import KubeCore
import MirrorAPI

extension NodeAgent {
    /// Whether the mirror is there, by a live read; and since when it has been gone. An API server that does not answer
    /// changes nothing about what was seen before.
    func mirrorPresence(_ input: inout AgentInput) async throws(KubeError) -> MirrorPresence {
        let presence = try await mirrorPresence(input.mirror)
        var seen = observations[input.mirror] ?? Observation()
        let isGone = input.host.journal.bequest.map { presence.isGone($0) } == true
        seen.goneSince = isGone ? seen.goneSince ?? input.steady : nil
        observations[input.mirror] = seen
        input.goneSince = seen.goneSince
        return presence
    }

    func mirrorPresence(_ mirror: String) async throws(KubeError) -> MirrorPresence {
        do throws(KubeError) {
            // Only what every release of the kind has is read.
            let object: JSONValue = try await api.send(.get(P2PMirror.resource, ObjectKey(name: mirror)))
            return .present(
                uid: object[path: "metadata", "uid"]?.stringValue ?? "",
                isPlanned: object[path: "status", "observedGeneration"] != nil,
                wantsRestore: object[path: "spec", "deletionPolicy"] == .string(DeletionPolicy.restore.rawValue)
            )
        } catch  where error.isNotFound {
            if error.isAbsence(of: mirror) { return .gone }
            try await requireAbsentDefinition()
            return .gone
        }
    }

    /// A server that does not know the kind has no object of it, unless it has only just started: before 1.23 a server
    /// answers 404 to every custom resource until it has read the definitions (kubernetes/kubernetes#104748). So the
    /// definition itself must be absent.
    private func requireAbsentDefinition() async throws(KubeError) {
        let name = "\(P2PMirror.resource.plural).\(P2PMirror.resource.group)"
        do throws(KubeError) {
            let _: JSONValue = try await api.send(.get(Self.definitions, ObjectKey(name: name)))
        } catch  where error.isNotFound && error.isAbsence(of: name) {
            return
        }
        throw KubeError(.protocolViolation, "the API server does not serve \(name) yet, although it is defined")
    }

    private static let definitions = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition",
        namespaced: false
    )
}

extension MirrorPresence {
    /// Whether the mirror that left a bequest is gone: nobody has its name, or one that its operator has planned for,
    /// so that the node would have a MirrorNode if it were meant.
    func isGone(_ bequest: Journal.Bequest) -> Bool { isGone(uid: bequest.mirrorUID) }

    /// The same for a mirror of that identity.
    func isGone(uid mirrorUID: String) -> Bool {
        switch self {
        case .gone: true
        case .present(let uid, let isPlanned, _): isPlanned && uid != mirrorUID
        }
    }
}

extension KubeError {
    /// Whether the server says of this very object that there is none, which a path that it does not serve doesn't get.
    fileprivate func isAbsence(of name: String) -> Bool {
        status?.reason == "NotFound" && status?.details?.name == name
    }
}
